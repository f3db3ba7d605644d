import { type Cidr, formatCidr, parseCidr } from '../../model/address.ts'
import { fault } from '../../model/errors.ts'

/** A subnet of a LAN. */
export interface LanPool {
  /** By which the host is on it. */
  readonly link: string
  readonly subnet: Cidr
  /** Of IPv6: addresses are lent by DHCPv6, and not made of the MAC address. */
  readonly stateful: boolean
  /** Endpoints have the MAC address of the link. */
  readonly shared: boolean
}

/** 'LINK SUBNET', and the words 'stateful' and 'shared': all that is to be known of it later. */
export const poolIdOf = ({ link, subnet, stateful, shared }: LanPool): string =>
  [link, formatCidr(subnet), ...(stateful ? ['stateful'] : []), ...(shared ? ['shared'] : [])].join(' ')

export function readPool(id: string): LanPool {
  const [link = '', text = '', ...words] = id.split(' ')
  const subnet = parseCidr(text)
  if (!subnet) throw fault('POOL_NOT_FOUND', { pool: id })
  return { link, subnet, stateful: words.includes('stateful'), shared: words.includes('shared') }
}
