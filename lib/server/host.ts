import { BlockList, isIP, isIPv6 } from 'node:net'
import { fault } from '../model/errors.ts'

/** Where a daemon is, or listens. */
export type Host = { readonly path: string } | { readonly address: string; readonly port: number }

/** 'unix:///run/cnm/cnm.sock', 'tcp://127.0.0.1:2376', 'tcp://[::1]:2376'. Throws HOST_INVALID. */
export function parseHost(text: string): Host {
  const [, path] = /^unix:\/\/(\/.+)$/.exec(text) ?? []
  if (path !== undefined) return { path }
  const [, inBrackets, plain = inBrackets ?? '', port = ''] = /^tcp:\/\/(?:\[([^\]]+)\]|([^:[\]/]+)):(\d{1,5})$/.exec(text) ?? []
  if (plain === '' || Number(port) > 65535 || (inBrackets !== undefined && !isIPv6(inBrackets))) throw fault('HOST_INVALID', { host: text })
  return { address: plain, port: Number(port) }
}

/** As parseHost() reads it. */
export const textOf = (host: Host): string =>
  'path' in host ? `unix://${host.path}` : `tcp://${isIPv6(host.address) ? `[${host.address}]` : host.address}:${host.port}`

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

/** Nobody on another host gets there. A name may mean anything tomorrow. */
export const isLoopback = (address: string): boolean =>
  address === 'localhost' || (isIP(address) !== 0 && LOOPBACK.check(address, isIPv6(address) ? 'ipv6' : 'ipv4'))
