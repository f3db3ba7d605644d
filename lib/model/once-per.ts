/** Works `of` out once for each record: nobody changes one, and what is done by the thousand asks for the same again and again. */
export function oncePer<K extends object, V>(of: (record: K) => V): (record: K) => V {
  const known = new WeakMap<K, { readonly value: V }>()
  return (record) => {
    const found = known.get(record)
    if (found) return found.value
    const value = of(record)
    known.set(record, { value })
    return value
  }
}
