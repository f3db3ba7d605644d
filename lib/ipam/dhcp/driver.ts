import { createHash } from 'node:crypto'
import { type Cidr, formatAddress, formatCidr, parseAddress, parseCidr, subnetOf } from '../../model/address.ts'
import { fault } from '../../model/errors.ts'
import { macBytes } from '../../model/ids.ts'
import type { Options } from '../../model/network.ts'
import { GATEWAY_REQUEST, type IpamDriver, type PoolAnswer, type PoolRequest } from '../driver.ts'
import type { Notes } from '../notes.ts'
import { acquire, extend, inquire, release } from './client.ts'
import { acquire6, announced, extend6, holderOf6, type Lease6, release6 } from './client6.ts'
import { FOREVER, type Identity, type Lan, type Lease, type Ledger, type Want } from './lan.ts'
import { type LanPool, poolIdOf, readPool } from './pool.ts'

/** `--ipam-opt parent=eth0`: the link by which the host is on the server's LAN. */
export const PARENT = 'parent'
/** `mac=parent`: endpoints have no MAC address of their own, and servers know them by a number. */
export const MAC_OF_PARENT = { mac: 'parent' } as const
/** `--ipam-opt ipv6=stateful`, or `slaac`: how addresses of IPv6 are had; absent: as the router says. */
const IPV6 = 'ipv6'

const MAC = 'com.docker.network.endpoint.macaddress'
const SPACE = 'lan'

export interface DhcpOptions {
  readonly lan: Lan
  /** 'POOL IP' → what is held. */
  readonly leases: Notes<Lease>
  /** By which servers know the host, in hex: always the same. */
  readonly duid: () => string
}

/** A lease, and how to speak of it. */
export interface Held {
  readonly key: string
  readonly poolId: string
  readonly lease: Lease
}

/**
 * Addresses from the LAN's DHCP server. It is asked for the subnet and the gateway where the user names none. With IPv6 the
 * router says whether addresses are lent too, or made of its prefix and the endpoint's MAC.
 */
export class DhcpIpam implements IpamDriver {
  readonly name = 'dhcp'
  readonly capabilities = { requiresMACAddress: true, requiresRequestReplay: false }
  readonly #lan: Lan
  readonly #leases: Notes<Lease>
  readonly #duid: () => string

  constructor({ lan, leases, duid }: DhcpOptions) {
    this.#lan = lan
    this.#leases = leases
    this.#duid = duid
  }

  defaultAddressSpaces() {
    return { local: SPACE, global: SPACE }
  }

  async requestPool({ pool, subPool, options, v6 }: PoolRequest): Promise<PoolAnswer> {
    const link = options[PARENT]
    if (!link) throw fault('DHCP_NO_PARENT', {})
    if (subPool !== '') throw fault('POOL_INVALID', { reason: 'the DHCP server has a range of its own: leave out --ip-range' })
    const shared = options['mac'] === MAC_OF_PARENT.mac
    const named = pool === '' ? undefined : subnetNamed(pool)
    if (v6) return answerOf({ link, shared, ...(await this.#pool6(link, named, options[IPV6])) })
    if (named) return answerOf({ link, subnet: named, stateful: false, shared })
    const { yours, prefix, router } = await inquire(this.#lan, link)
    const subnet = subnetOf({ ...yours, prefix: prefix ?? 24 })
    return answerOf({ link, subnet, stateful: false, shared }, router ? `${formatAddress(router)}/${subnet.prefix}` : undefined)
  }

  async #pool6(link: string, named: Cidr | undefined, how: string | undefined): Promise<Pick<LanPool, 'subnet' | 'stateful'>> {
    if (how !== undefined && how !== 'stateful' && how !== 'slaac')
      throw fault('POOL_INVALID', { reason: `addresses are had by ipv6=stateful or slaac, not ${how}` })
    const said = named && how ? undefined : await announced(this.#lan, link)
    const stateful = how ? how === 'stateful' : (said?.managed ?? false)
    const subnet = named ?? said?.prefixes.find(({ onLink, autonomous }) => (stateful ? onLink : autonomous))?.subnet
    if (!subnet) throw fault('DHCP_NO_ROUTER', { link })
    if (!stateful && subnet.prefix !== 64)
      throw fault('POOL_INVALID', { reason: `a MAC address makes an address of a /64, not of ${formatCidr(subnet)}` })
    return { subnet, stateful }
  }

  /** Who gave it has it. */
  releasePool(): void {}

  async requestAddress(poolId: string, text: string, options: Options): Promise<string> {
    const pool = readPool(poolId)
    const { link, subnet, stateful } = pool
    const address = parseAddress(text)
    const named = address ? `${text}/${subnet.prefix}` : ''
    if (options['RequestAddressType'] === GATEWAY_REQUEST.RequestAddressType)
      return named || this.#gateway(link, subnet.prefix, subnet.family)
    const mac = options[MAC]
    if (mac === undefined || (subnet.family === 6 && !stateful && address)) return named
    if (subnet.family === 6 && !stateful) return this.#made(pool, mac)
    const own = pool.shared ? await this.#lan.macOf(link) : mac
    const want = { link, mac: own, subnet, ...(address ? { address } : {}) }
    const identity = subnet.family === 6 || pool.shared ? { identity: this.#identify(link, mac) } : {}
    return this.#acquire(poolId, { ...want, ...identity })
  }

  async #acquire(poolId: string, want: Want): Promise<string> {
    const { identity, subnet } = want
    const ledger = this.#ledger(poolId)
    const lease = identity && subnet.family === 6 ? acquire6(this.#lan, { ...want, identity }, ledger) : acquire(this.#lan, want, ledger)
    return `${withoutPrefix((await lease).address)}/${subnet.prefix}`
  }

  #ledger(poolId: string): Ledger {
    const other = (lease: Lease): string | undefined => {
      const had = this.#leases.get(keyOf(poolId, lease.address))
      return had && nameOf(had) !== nameOf(lease) ? nameOf(had) : undefined
    }
    return {
      other,
      put: (lease) => other(lease) ?? this.#leases.set(keyOf(poolId, lease.address), lease),
      delete: (lease) => other(lease) ?? this.#leases.delete(keyOf(poolId, lease.address)),
    }
  }

  /** The one that the MAC address makes of the prefix, as the kernel would. */
  async #made({ link, subnet }: LanPool, mac: string): Promise<string> {
    const own = { ...subnet, value: subnet.value | interfaceId(mac) }
    const holder = await holderOf6(this.#lan, { link, mac }, own)
    if (holder) throw fault('DHCP_TAKEN', { address: formatAddress(own), mac, link, holder })
    return formatCidr(own)
  }

  /** The same number for the same MAC address on the same LAN, and no other's. */
  #identify(link: string, mac: string): Identity {
    const of = `${link} ${mac}`
    const taken = new Map([...this.#leases.entries()].flatMap(([, { identity }]) => (identity ? [[identity.iaid, identity.of]] : [])))
    let iaid = createHash('sha256').update(of).digest().readUInt32BE()
    while ((taken.get(iaid) ?? of) !== of) iaid = (iaid + 1) >>> 0
    return { duid: this.#duid(), iaid, of }
  }

  async releaseAddress(poolId: string, address: string): Promise<void> {
    const key = keyOf(poolId, address)
    const lease = this.#leases.get(key)
    if (!lease) return
    this.#leases.delete(key)
    // A LAN that is not there any more hears nothing, and its server waits for the end of the lease.
    await this.#giveBack(lease).catch(() => {})
  }

  #giveBack(lease: Lease): Promise<void> {
    return isLease6(lease) ? release6(this.#lan, lease) : release(this.#lan, lease)
  }

  /** Whole seconds that an address may be used for, 4294967295 for ever; undefined: nobody lends it. */
  lifetime(poolId: string, address: string): number | undefined {
    const lease = this.#leases.get(keyOf(poolId, address))
    return lease && Math.min(FOREVER, Math.max(1, Math.ceil((lease.endsAt - this.#lan.clock()) / 1000)))
  }

  /** Its addresses are lent, and not made of MAC addresses. */
  lends(poolId: string): boolean {
    const { subnet, stateful } = readPool(poolId)
    return subnet.family === 4 || stateful
  }

  now(): number {
    return this.#lan.clock()
  }

  held(): readonly Held[] {
    return [...this.#leases.entries()].map(([key, lease]) => ({ key, poolId: key.slice(0, key.lastIndexOf(' ')), lease }))
  }

  /** Prolongs a lease; 'lost' when the server denies it, or it is over; 'silent' when there is still time, or nobody has it now. */
  async renew({ key, lease }: Held): Promise<'renewed' | 'silent' | 'lost'> {
    const asked = isLease6(lease) ? extend6(this.#lan, lease) : extend(this.#lan, lease)
    const answer = await asked.catch(() => null)
    if (!this.#leases.get(key)) {
      // Given back meanwhile, and then prolonged.
      if (answer && answer !== 'denied') await this.#giveBack(answer).catch(() => {})
      return 'silent'
    }
    const now = this.now()
    if (answer === 'denied' || (answer === null && lease.endsAt <= now)) {
      this.#leases.delete(key)
      return 'lost'
    }
    this.#leases.set(key, answer ?? { ...lease, renewAt: Math.max(now + 1000, nextTry(lease, now)) })
    return answer ? 'renewed' : 'silent'
  }

  async #gateway(link: string, prefix: number, family: 4 | 6): Promise<string> {
    if (family === 6) return ''
    const { router } = await inquire(this.#lan, link)
    return router ? `${formatAddress(router)}/${prefix}` : ''
  }
}

const answerOf = (pool: LanPool, gateway?: string): PoolAnswer => ({
  id: poolIdOf(pool),
  pool: formatCidr(pool.subnet),
  data: gateway ? { 'com.docker.network.gateway': gateway } : {},
})

function subnetNamed(pool: string): Cidr {
  const cidr = parseCidr(pool)
  if (!cidr || cidr.value === 0n) throw fault('POOL_INVALID', { reason: `${pool} is no subnet of a LAN` })
  return subnetOf(cidr)
}

/** Whose it is. */
const nameOf = ({ mac, identity }: Lease): string => identity?.of ?? mac

const isLease6 = (lease: Lease): lease is Lease6 => 'serverId' in lease

/** After half of what is left, or when any server may be asked. */
function nextTry(lease: Lease, now: number): number {
  const half = now + (lease.endsAt - now) / 2
  return isLease6(lease) && lease.rebindAt > now ? Math.min(half, lease.rebindAt) : half
}

/** Modified EUI-64 (RFC 4291): what the kernel makes of a router's prefix, too. */
function interfaceId(mac: string): bigint {
  const [a = 0, ...rest] = macBytes(mac)
  const bytes = [a ^ 2, ...rest.slice(0, 2), 0xff, 0xfe, ...rest.slice(2)]
  return bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
}

const withoutPrefix = (cidr: string): string => cidr.replace(/\/\d+$/, '')
const keyOf = (poolId: string, address: string): string => `${poolId} ${withoutPrefix(address)}`
