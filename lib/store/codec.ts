/** Bytes stand in JSON as { "$bytes": "0a00ff" }; steps towards the kernel have them. */
const BYTES = '$bytes'

export const encode = (value: unknown): string =>
  JSON.stringify(value, function (this: Readonly<Record<string, unknown>>, key, part: unknown) {
    // A Buffer has turned itself into something else by now; its owner still has it.
    const bytes = this[key]
    return bytes instanceof Uint8Array ? { [BYTES]: Buffer.from(bytes).toString('hex') } : part
  })

/** Throws SyntaxError. Bytes come back as plain Uint8Arrays, each with memory of its own. */
export const decode = (text: string): unknown => (text.includes(BYTES) ? JSON.parse(text, restored) : JSON.parse(text))

function restored(_: string, part: unknown): unknown {
  const hex = part !== null && typeof part === 'object' ? (part as Readonly<Record<string, unknown>>)[BYTES] : undefined
  return typeof hex === 'string' ? Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)) : part
}
