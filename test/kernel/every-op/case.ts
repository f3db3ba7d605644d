import { expect } from 'vitest'
import type { Op, Refusal } from '../../../binding.d.ts'
import { parseAddress, toBytes } from '../../../lib/model/address.ts'
import { parseMac } from '../../../lib/model/ids.ts'

export type Name = Op['op']

export interface Here<N extends Name> {
  /** What it needs, as ops and as commands of others. */
  readonly before?: readonly Op[]
  readonly given?: readonly string[]
  readonly op: Op & { readonly op: N }
  /** A command, and what it prints once the op is done; null: it makes no difference to anybody who looks. */
  readonly look: string | null
  readonly sees: RegExp
  /** It takes away: it is no longer printed. */
  readonly gone?: true
  /** What it says when it is done again; 0: done. */
  readonly again: number
  /** What the kernel refuses, and how. */
  readonly wrong: Op & { readonly op: N }
  readonly refusal: Partial<Refusal>
  /** Where its command is pasted, if not here. */
  readonly shown?: string
  /** What takes it back; default: its inverse. None: nothing does. */
  readonly back?: readonly Op[] | 'nothing'
}

/** The kernel here lacks it: a file in which another one shows the same. */
export interface Elsewhere {
  readonly elsewhere: string
}

/** Every op of some: without one it does not compile. */
export type Cases<N extends Name = Name> = { readonly [K in N]: Here<K> | Elsewhere }

export const bytes = (text: string): Uint8Array => toBytes(parseAddress(text) ?? expect.fail(text))
export const mac = (text: string): Uint8Array => parseMac(text) ?? expect.fail(text)
export const packed = (...rows: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(rows))

export const [ENOENT, ESRCH, EEXIST, ENODEV, EINVAL, EOPNOTSUPP, EADDRNOTAVAIL, ENETUNREACH] = [-2, -3, -17, -19, -22, -95, -99, -101]
export const noLink = { errno: ENODEV }

/** Number of a namespace that is not made yet. */
export const THIRD = 2
/** Number of one in a folder that is not there. */
export const NOWHERE = 3

export const [LOW, HIGH] = [bytes('10.9.0.7'), bytes('10.9.0.8')]
export const [ONE, TWO, STRANGER] = [mac('02:00:00:00:00:07'), mac('02:00:00:00:00:08'), mac('02:00:00:00:00:09')]
/** An address that no route leads to. */
export const astray = bytes('192.0.2.1')

export const bridge: Op = { op: 'link.add', kind: 'bridge', name: 'br0', up: true, mac: mac('02:00:00:00:00:01') }
export const nine: Op = { op: 'addr.add', link: 'br0', address: bytes('10.9.0.1'), prefix: 24 }
export const veth: Op = { op: 'link.add', kind: 'veth', name: 'v0', up: true, peer: { name: 'v1', at: 0 } }
/** Both ends of it up, with an address. */
export const wire: readonly Op[] = [
  veth,
  { op: 'link.set', link: 'v1', up: true },
  { op: 'addr.add', link: 'v0', address: bytes('10.9.0.1'), prefix: 24 },
]
