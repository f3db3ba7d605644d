import { hkdfSync } from 'node:crypto'
import { type Family, parseAddress, toBytes } from '../model/address.ts'
import type { Key } from '../model/keys.ts'
import type { Op, Plan } from '../model/op.ts'

/** By which states and policies of ours are known: 'cnm' in ASCII. */
export const REQID = 0x636e6d

/** Frames of encrypted networks have a port of their own, so a policy tells them apart; outside of ESP nobody sees it. */
export const secretPort = (port: number): number => port + 1

/** A host, as others have to know it. */
export interface Party {
  /** '10.99.0.2' */
  readonly vtep: string
  /** See KeyRing. */
  readonly session: string
}

const KEY_BYTES = 32
const SALT_BYTES = 4
const SPI_BYTES = 4
/** Lower ones are the kernel's and IANA's. */
const LEAST_SPI = 256
/** As many packets may overtake one another on their way. */
const WINDOW = 1024

/** What one host sends to another with a key has a secret and a number of its own: no two of them ever share a nonce. */
function derive(from: Party, to: Party, { tag, secret }: Key): { readonly spi: number; readonly key: Uint8Array } {
  const info = JSON.stringify(['cnm overlay', tag, from.vtep, from.session, to.vtep, to.session])
  const bytes = Buffer.from(hkdfSync('sha256', secret, '', info, KEY_BYTES + SALT_BYTES + SPI_BYTES))
  return { spi: (bytes.readUInt32BE(KEY_BYTES + SALT_BYTES) | LEAST_SPI) >>> 0, key: bytes.subarray(0, KEY_BYTES + SALT_BYTES) }
}

export const spiOf = (from: Party, to: Party, key: Key): number => derive(from, to, key).spi

/** The state by which `from` encrypts what it sends to `to`, and `to` understands it. */
export function stateBetween(from: Party, to: Party, ringKey: Key): Op & { readonly op: 'xfrm.state.add' } {
  const { spi, key } = derive(from, to, ringKey)
  return {
    op: 'xfrm.state.add',
    src: bytesOf(from.vtep),
    dst: bytesOf(to.vtep),
    proto: 'esp',
    spi,
    mode: 'transport',
    reqid: REQID,
    aead: { name: 'rfc4106(gcm(aes))', key, icv: 128 },
    replayWindow: WINDOW,
    flags: ['esn'],
  }
}

const esp = { proto: 'esp', mode: 'transport', reqid: REQID } as const

/** Encrypts what goes to a host, with the key that `spi` says, and takes nothing from it that is not encrypted. */
export function policiesBetween(own: string, other: string, port: number, spi: number): Plan {
  const [here, there] = [end(own), end(other)]
  const shared = { op: 'xfrm.policy.replace', family: familyOf(own), proto: 'udp', dport: secretPort(port), priority: 1000 } as const
  return [
    { ...shared, dir: 'out', src: here, dst: there, tmpls: [{ ...esp, spi }] },
    { ...shared, dir: 'in', src: there, dst: here, tmpls: [esp] },
  ]
}

/** Lets no frame of an encrypted network out or in for which nothing else is said. */
export const shield = (family: Family, port: number): Plan =>
  (['out', 'in'] as const).map((dir) => {
    const frames = { family, dir, proto: 'udp', dport: secretPort(port) } as const
    return { ...frames, op: 'xfrm.policy.replace', priority: 2000, action: 'block', undo: [{ ...frames, op: 'xfrm.policy.del' }] }
  })

const familyOf = (address: string): Family => parseAddress(address)?.family ?? 4
const bytesOf = (address: string): Uint8Array => toBytes(parseAddress(address) ?? { family: 4, value: 0n })
const end = (address: string) => ({ address: bytesOf(address), prefix: familyOf(address) === 4 ? 32 : 128 })
