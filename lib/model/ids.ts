import { createHash, randomBytes } from 'node:crypto'

/** 64 lower-case hex characters, or 25 of base 36 where a swarm gave it; the first 12 are the short form that tables show. */
export type Id = string

/** A new id. Its short form is never all digits: Docker uses it as a host name. */
export function newId(): Id {
  for (;;) {
    const id = random(32).toString('hex')
    if (/[a-f]/.test(id.slice(0, 12))) return id
  }
}

let pool: Buffer = Buffer.alloc(0)

/** To ask for bytes costs ten times as much as the bytes do. Not for secrets: those to come lie in memory. */
function random(size: number): Buffer {
  if (pool.length < size) pool = randomBytes(4096)
  const bytes = pool.subarray(0, size)
  pool = pool.subarray(size)
  return bytes
}

export const shortId = (id: Id): string => id.slice(0, 12)

/** The kernel's limit on a link name, without the closing zero byte. */
export const LINK_NAME_MAX = 15

/** True for a link name that means the same to the kernel, to nft (where '@' and '*' have another sense) and to a shell. */
export const isLinkName = (name: string): boolean =>
  name.length <= LINK_NAME_MAX && /^[a-zA-Z0-9_][a-zA-Z0-9_.+-]*$/.test(name) && !NOT_LINKS.includes(name)

/** Sysctls of all links, and of those to come, are under these names: the kernel refuses them. */
const NOT_LINKS: readonly string[] = ['all', 'default']

/** Ownership mark on every link that we make: `ip link show group 6516333` ('cnm' in ASCII). */
export const LINK_GROUP = 0x636e6d

/** The same on one that is out of service and waits to be deleted. */
export const RETIRED_GROUP = LINK_GROUP + 1

/** What such a link is called: its name may be wanted again. */
export const goneName = (id: Id): string => `gone${id.slice(0, 8)}`

export const isOurs = (group: number): boolean => group === LINK_GROUP || group === RETIRED_GROUP

/**
 * A locally administered unicast MAC. Ids are random, so a new endpoint has a new MAC and nobody's stale neighbour entry
 * for a reused address fits it; asked again it is the same.
 */
export const macOf = (id: Id): string =>
  `02:${hexOf(id)
    .slice(-10)
    .replace(/..(?=.)/g, '$&:')}`

const hexOf = (id: Id): string => (/^[0-9a-f]+$/.test(id) ? id : createHash('sha256').update(id).digest('hex'))

/** null when `text` is not six hex pairs. */
export function parseMac(text: string): Uint8Array | null {
  if (!/^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i.test(text)) return null
  return Uint8Array.from(text.split(/[:-]/), (pair) => Number.parseInt(pair, 16))
}

/** Of a MAC that has been checked. */
export const macBytes = (mac: string): Uint8Array => parseMac(mac) ?? new Uint8Array(6)
