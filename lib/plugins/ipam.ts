import { parseCidr } from '../model/address.ts'
import type { Call, Said } from '../model/call.ts'
import type { Options } from '../model/network.ts'
import { flag, Mismatch, map, object, optional, text } from '../model/shape.ts'
import { type Asked, named, read } from './answer.ts'

// The interface IpamDriver: what a plugin is asked, and what is made of its answers.

export interface ToldPool {
  readonly space: string
  /** '' lets the plugin choose. */
  readonly pool: string
  readonly subPool: string
  readonly options: Options
  readonly v6: boolean
}

const about = (body: Said, method: string, plugin: string): Call => ({ plugin, method: `IpamDriver.${method}`, body })

export const requestPool = (plugin: string, { space, pool, subPool, options, v6 }: ToldPool): Call =>
  about({ AddressSpace: space, Pool: pool, SubPool: subPool, Options: options, V6: v6 }, 'RequestPool', plugin)

export const releasePool = (plugin: string, id: string): Call => about({ PoolID: id }, 'ReleasePool', plugin)

/** `address` is 'IP', or '' for any. */
export const requestAddress = (plugin: string, pool: string, address: string, options: Options): Call =>
  about({ PoolID: pool, Address: address, Options: Object.keys(options).length > 0 ? options : null }, 'RequestAddress', plugin)

export const releaseAddress = (plugin: string, pool: string, address: string): Call =>
  about({ PoolID: pool, Address: address }, 'ReleaseAddress', plugin)

export interface IpamCapabilities {
  readonly requiresMACAddress: boolean
  readonly requiresRequestReplay: boolean
}

interface Needs {
  readonly RequiresMACAddress?: boolean
  readonly RequiresRequestReplay?: boolean
}

const needs = named(
  ['RequiresMACAddress', 'RequiresRequestReplay'],
  object<Needs>({ RequiresMACAddress: optional(flag), RequiresRequestReplay: optional(flag) }),
)

export function readIpamCapabilities(asked: Asked, said: Said): IpamCapabilities {
  const { RequiresMACAddress = false, RequiresRequestReplay = false } = read(asked, needs, said)
  return { requiresMACAddress: RequiresMACAddress, requiresRequestReplay: RequiresRequestReplay }
}

interface Spaces {
  readonly LocalDefaultAddressSpace?: string
  readonly GlobalDefaultAddressSpace?: string
}

const spaces = named(
  ['LocalDefaultAddressSpace', 'GlobalDefaultAddressSpace'],
  object<Spaces>({ LocalDefaultAddressSpace: optional(text), GlobalDefaultAddressSpace: optional(text) }),
)

export function readSpaces(asked: Asked, said: Said): { readonly local: string; readonly global: string } {
  const { LocalDefaultAddressSpace: local = '', GlobalDefaultAddressSpace: global = '' } = read(asked, spaces, said)
  return { local, global }
}

interface Lent {
  readonly PoolID?: string
  readonly Pool?: string
  readonly Data?: Options
}

const lent = named(['PoolID', 'Pool', 'Data'], object<Lent>({ PoolID: optional(text), Pool: optional(text), Data: optional(map(text)) }))

export interface PoolLent {
  readonly id: string
  /** '172.18.0.0/16' */
  readonly pool: string
  readonly data: Options
}

export const readPool = (asked: Asked, said: Said, v6: boolean): PoolLent =>
  read(
    asked,
    (value, at) => {
      const { PoolID = '', Pool = '', Data = {} } = lent(value, at)
      if (parseCidr(Pool)?.family !== (v6 ? 6 : 4)) throw new Mismatch(`Pool should be an IPv${v6 ? 6 : 4} subnet: ${JSON.stringify(Pool)}`)
      return { id: PoolID, pool: Pool, data: Data }
    },
    said,
  )

const given = named(['Address'], object<{ readonly Address?: string }>({ Address: optional(text) }))

/** 'IP/PREFIX' */
export const readAddress = (asked: Asked, said: Said): string =>
  read(
    asked,
    (value, at) => {
      const { Address = '' } = given(value, at)
      if (Address === '') throw new Mismatch('no address returned')
      if (!parseCidr(Address)) throw new Mismatch(`Address should be one, with the length of its prefix: ${JSON.stringify(Address)}`)
      return Address
    },
    said,
  )
