import { randomBytes } from 'node:crypto'
import type { Id } from '../model/ids.ts'
import type { Key } from '../model/keys.ts'
import { type NodeKey, seal, unseal } from './seal.ts'

/** A key as the swarm has it. */
export interface SealedKey {
  /** Greater than that of any key before it. */
  readonly tag: number
  /** By the public key of the node that can read it. */
  readonly seals: Readonly<Record<string, string>>
}

/**
 * What encrypted networks are encrypted with: one key; two or three while they change. A new one is spread first, then everybody
 * sends with it, then the old one goes. What is to follow waits until all have heard of what was before, and to take a key away until
 * what was sent with it has arrived.
 */
export interface SealedRing {
  /** Rises whenever the keys or the primary one are others. */
  readonly step: number
  /** Tag of the one that is sent with. */
  readonly primary: number
  /** The oldest first. */
  readonly keys: readonly SealedKey[]
}

/** What a node has heard. */
export interface Hearing {
  /** See KeyRing. */
  readonly session: string
  /** Of the ring that its kernel has. */
  readonly step: number
}

const SECRET_BYTES = 32

/** Seals are good for the one key of the one swarm that they were made for. */
const nameOf = (swarm: Id, tag: number): string => JSON.stringify(['cnm key', swarm, tag])

function sealed(swarm: Id, { tag, secret }: Key, recipients: readonly string[]): SealedKey {
  const seals = recipients.flatMap((publicKey) => {
    const text = seal(secret, publicKey, nameOf(swarm, tag))
    return text === null ? [] : [[publicKey, text] as const]
  })
  return { tag, seals: Object.fromEntries(seals) }
}

const newKey = (swarm: Id, tag: number, recipients: readonly string[]): SealedKey =>
  sealed(swarm, { tag, secret: randomBytes(SECRET_BYTES) }, recipients)

/** The keys of a ring that a node can read. */
export const readable = (swarm: Id, { keys }: SealedRing, own: NodeKey): readonly Key[] =>
  keys.flatMap(({ tag, seals }) => {
    const secret = unseal(seals[own.publicKey] ?? '', own, nameOf(swarm, tag))
    return secret ? [{ tag, secret }] : []
  })

const newestOf = ({ keys, primary }: SealedRing): number => keys.at(-1)?.tag ?? primary

export const isReadableBy = ({ keys, primary }: SealedRing, publicKey: string): boolean =>
  keys.some(({ tag, seals }) => tag === primary && seals[publicKey] !== undefined)

/** The first ring of a swarm; `after`: the last tag of one that nobody can read any more. */
export const newRing = (swarm: Id, recipients: readonly string[], after?: SealedRing): SealedRing => {
  const tag = (after ? newestOf(after) : 0) + 1
  return { step: (after?.step ?? 0) + 1, primary: tag, keys: [newKey(swarm, tag, recipients)] }
}

/** With a new key, which is spread. One that was, and that nobody sends with yet, gives way to it. */
export const rotated = (swarm: Id, ring: SealedRing, recipients: readonly string[]): SealedRing => ({
  step: ring.step + 1,
  primary: ring.primary,
  keys: [...ring.keys.filter(({ tag }) => tag <= ring.primary), newKey(swarm, newestOf(ring) + 1, recipients)],
})

export interface RingFacts {
  readonly swarm: Id
  /** Public keys of all nodes. */
  readonly recipients: readonly string[]
  /** What the node that asks can read. */
  readonly keys: readonly Key[]
  /** Everybody who is to be waited for has heard of the step that the ring is at. */
  readonly heard: boolean
  /** So long ago that nothing of what was sent before is on its way any more. */
  readonly arrived: boolean
  /** It is time for another key. */
  readonly due: boolean
}

/** What a ring is to become; null: it is as it should be, or has to wait. */
export function nextRing(ring: SealedRing, { swarm, recipients, keys, heard, arrived, due }: RingFacts): SealedRing | null {
  const { primary, step } = ring
  if (!keys.some(({ tag }) => tag === primary)) return newRing(swarm, recipients, ring)
  const newest = ring.keys.at(-1)
  const belongs = new Set(recipients)
  // Whoever is no node any more could read what is sent with it.
  const isKnown = Object.keys(newest?.seals ?? {}).some((publicKey) => !belongs.has(publicKey))
  if (due || isKnown) return rotated(swarm, ring, recipients)
  const lacking = ring.keys.some(({ seals }) => recipients.some((publicKey) => seals[publicKey] === undefined))
  if (lacking) {
    const widened = { ...ring, keys: ring.keys.map((key) => widen(swarm, key, keys, recipients)) }
    if (JSON.stringify(widened) !== JSON.stringify(ring)) return widened
  }
  if (!heard) return null
  // What was sent with before the primary one, nobody has sent with since that was.
  const kept = ring.keys.filter(({ tag }) => tag >= primary)
  if (kept.length < ring.keys.length && !arrived) return null
  const latest = newestOf(ring)
  return latest > primary || kept.length < ring.keys.length ? { step: step + 1, primary: latest, keys: kept } : null
}

/** For those too who have come since. */
function widen(swarm: Id, key: SealedKey, keys: readonly Key[], recipients: readonly string[]): SealedKey {
  const clear = keys.find(({ tag }) => tag === key.tag)
  if (!clear) return key
  const more = recipients.filter((publicKey) => key.seals[publicKey] === undefined)
  return { tag: key.tag, seals: { ...key.seals, ...sealed(swarm, clear, more).seals } }
}
