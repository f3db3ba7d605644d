/** Bytes stand in JSON as { "$bytes": "0a00ff" }; steps towards the kernel have them. */
const BYTES = '$bytes'

export const encode = (value: unknown): string => JSON.stringify(plain(value))

/**
 * The same without bytes: JSON.stringify() that asks what to write of each part takes three times as long. What has none is itself:
 * put together key by key it would lose a label called '__proto__'.
 */
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Uint8Array) return { [BYTES]: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex') }
  if (Array.isArray(value)) return value.map(plain)
  let parts = value as Record<string, unknown>
  for (const [key, part] of Object.entries(parts)) {
    const said = plain(part)
    if (said === part) continue
    if (parts === value) parts = { ...parts }
    parts[key] = said
  }
  return parts
}

/** Throws SyntaxError. Bytes come back as plain Uint8Arrays, each with memory of its own. */
export const decode = (text: string): unknown => (text.includes(BYTES) ? JSON.parse(text, restored) : JSON.parse(text))

function restored(_: string, part: unknown): unknown {
  const hex = part !== null && typeof part === 'object' ? (part as Readonly<Record<string, unknown>>)[BYTES] : undefined
  return typeof hex === 'string' ? Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)) : part
}
