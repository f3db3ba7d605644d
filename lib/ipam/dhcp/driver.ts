import { formatAddress, formatCidr, parseAddress, parseCidr, subnetOf } from '../../model/address.ts'
import { fault } from '../../model/errors.ts'
import { parseMac } from '../../model/ids.ts'
import type { Options } from '../../model/network.ts'
import { GATEWAY_REQUEST, type IpamDriver, type PoolAnswer, type PoolRequest } from '../driver.ts'
import type { Notes } from '../notes.ts'
import { acquire, extend, inquire, type Lan, type Lease, release } from './client.ts'

/** `--ipam-opt parent=eth0`: the link by which the host is on the server's LAN. */
export const PARENT = 'parent'

const MAC = 'com.docker.network.endpoint.macaddress'
const SPACE = 'lan'

export interface DhcpOptions {
  readonly lan: Lan
  /** 'POOL IP' → what is held. */
  readonly leases: Notes<Lease>
}

/** A lease, and how to speak of it. */
export interface Held {
  readonly key: string
  readonly poolId: string
  readonly lease: Lease
}

/**
 * Addresses from the LAN's DHCP server. It is asked for the subnet and the gateway where the user names none. IPv6 addresses
 * are those that the endpoint's MAC makes of the prefix that the LAN's router announces, which has to be named.
 */
export class DhcpIpam implements IpamDriver {
  readonly name = 'dhcp'
  readonly capabilities = { requiresMACAddress: true, requiresRequestReplay: false }
  readonly #lan: Lan
  readonly #leases: Notes<Lease>

  constructor({ lan, leases }: DhcpOptions) {
    this.#lan = lan
    this.#leases = leases
  }

  defaultAddressSpaces() {
    return { local: SPACE, global: SPACE }
  }

  async requestPool({ pool, subPool, options, v6 }: PoolRequest): Promise<PoolAnswer> {
    const link = options[PARENT]
    if (!link) throw fault('DHCP_NO_PARENT', {})
    if (subPool !== '') throw fault('POOL_INVALID', { reason: 'the DHCP server has a range of its own: leave out --ip-range' })
    if (pool !== '') return poolOf(link, subnetNamed(pool))
    if (v6) throw fault('POOL_INVALID', { reason: 'IPv6 with DHCP needs the prefix that the router announces: --subnet' })
    const { yours, prefix, router } = await inquire(this.#lan, link)
    const subnet = subnetOf({ ...yours, prefix: prefix ?? 24 })
    return poolOf(link, formatCidr(subnet), router ? `${formatAddress(router)}/${subnet.prefix}` : undefined)
  }

  /** Who gave it has it. */
  releasePool(): void {}

  async requestAddress(poolId: string, text: string, options: Options): Promise<string> {
    const { link, subnet } = read(poolId)
    const address = parseAddress(text)
    const named = address ? `${text}/${subnet.prefix}` : ''
    if (options['RequestAddressType'] === GATEWAY_REQUEST.RequestAddressType)
      return named || this.#gateway(link, subnet.prefix, subnet.family)
    const mac = options[MAC]
    if (mac === undefined || (subnet.family === 6 && address)) return named
    if (subnet.family === 6) return formatCidr({ ...subnet, value: subnet.value | interfaceId(mac) })
    const ledger = {
      put: (lease: Lease) => this.#leases.set(keyOf(poolId, lease.address), lease),
      delete: (lease: Lease) => this.#leases.delete(keyOf(poolId, lease.address)),
    }
    const lease = await acquire(this.#lan, { link, mac, subnet, ...(address ? { address } : {}) }, ledger)
    return `${withoutPrefix(lease.address)}/${subnet.prefix}`
  }

  async releaseAddress(poolId: string, address: string): Promise<void> {
    const key = keyOf(poolId, address)
    const lease = this.#leases.get(key)
    if (!lease) return
    this.#leases.delete(key)
    // A LAN that is not there any more hears nothing, and its server waits for the end of the lease.
    await release(this.#lan, lease).catch(() => {})
  }

  /** Whole seconds that an address may be used for; undefined: for ever. */
  lifetime(poolId: string, address: string): number | undefined {
    const lease = this.#leases.get(keyOf(poolId, address))
    return lease && Math.max(1, Math.ceil((lease.endsAt - this.#lan.clock()) / 1000))
  }

  now(): number {
    return this.#lan.clock()
  }

  held(): readonly Held[] {
    return [...this.#leases.entries()].map(([key, lease]) => ({ key, poolId: key.slice(0, key.lastIndexOf(' ')), lease }))
  }

  /** Prolongs a lease; 'lost' when the server denies it, or it is over; 'silent' when there is still time, or nobody has it now. */
  async renew({ key, lease }: Held): Promise<'renewed' | 'silent' | 'lost'> {
    const answer = await extend(this.#lan, lease).catch(() => null)
    if (!this.#leases.get(key)) {
      // Given back meanwhile, and then prolonged.
      if (answer && answer !== 'denied') await release(this.#lan, answer).catch(() => {})
      return 'silent'
    }
    const left = lease.endsAt - this.now()
    if (answer === 'denied' || (answer === null && left <= 0)) {
      this.#leases.delete(key)
      return 'lost'
    }
    this.#leases.set(key, answer ?? { ...lease, renewAt: this.now() + Math.max(1000, left / 2) })
    return answer ? 'renewed' : 'silent'
  }

  async #gateway(link: string, prefix: number, family: 4 | 6): Promise<string> {
    if (family === 6) return ''
    const { router } = await inquire(this.#lan, link)
    return router ? `${formatAddress(router)}/${prefix}` : ''
  }
}

/** '{LINK} {SUBNET}' */
const poolOf = (link: string, pool: string, gateway?: string): PoolAnswer => ({
  id: `${link} ${pool}`,
  pool,
  data: gateway ? { 'com.docker.network.gateway': gateway } : {},
})

function subnetNamed(pool: string): string {
  const cidr = parseCidr(pool)
  if (!cidr || cidr.value === 0n) throw fault('POOL_INVALID', { reason: `${pool} is no subnet of a LAN` })
  return formatCidr(subnetOf(cidr))
}

function read(poolId: string) {
  const [link = '', text = ''] = poolId.split(' ')
  const subnet = parseCidr(text)
  if (!subnet) throw fault('POOL_NOT_FOUND', { pool: poolId })
  return { link, subnet }
}

/** Modified EUI-64 (RFC 4291): what the kernel makes of a router's prefix, too. */
function interfaceId(mac: string): bigint {
  const [a = 0, ...rest] = parseMac(mac) ?? new Uint8Array(6)
  const bytes = [a ^ 2, ...rest.slice(0, 2), 0xff, 0xfe, ...rest.slice(2)]
  return bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
}

const withoutPrefix = (cidr: string): string => cidr.replace(/\/\d+$/, '')
const keyOf = (poolId: string, address: string): string => `${poolId} ${withoutPrefix(address)}`
