import { readFileSync } from 'node:fs'

const CAP_NET_ADMIN = 1n << 12n

/** This process has CAP_NET_ADMIN. */
export function mayAdministerNetworks(): boolean {
  const [, effective = '0'] = /^CapEff:\s*(\w+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  return (BigInt(`0x${effective}`) & CAP_NET_ADMIN) !== 0n
}
