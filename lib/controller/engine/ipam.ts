import { GATEWAY_REQUEST, type IpamDriver, type PoolAnswer, type PoolRequest } from '../../ipam/driver.ts'
import { fault } from '../../model/errors.ts'
import type { Network, Options } from '../../model/network.ts'
import type { LentAddress, LentPool, Records } from '../../store/store.ts'
import { isAutomatic, requestPool } from '../endpoints/addresses.ts'
import { withoutPrefix } from '../endpoints/pools.ts'
import type { Hall } from '../hall.ts'
import { inUseOnHost, NOTHING_IN_USE } from '../networks/in-use.ts'

/** What later engines call the endpoint for which they want an address. */
const NAME_OPTION = 'com.docker.network.endpoint.name'

type Wanted = Omit<PoolRequest, 'reserved'>

/** Whether addresses of an engine's network are from us, who leave each alone for a while when it is given back. */
export const isLent = ({ store }: Hall, { pools }: Network): boolean =>
  store.lentPools.list().some(({ subnet }) => pools.some((pool) => pool.subnet === subnet))

/**
 * One of our IPAM drivers, as a container engine asks for it. What is lent is written down before the engine is told. Pools, gateways
 * and what the user named are on disk then: they outlive a boot, and no engine asks for them again. An address of our choice is for a
 * container, which ends with the boot, and is given back after it.
 */
export class EngineIpam {
  readonly #hall: Hall
  readonly #ipam: IpamDriver

  constructor(hall: Hall, ipam: IpamDriver) {
    this.#hall = hall
    this.#ipam = ipam
  }

  defaultAddressSpaces() {
    return this.#ipam.defaultAddressSpaces()
  }

  get requiresMACAddress(): boolean {
    return this.#ipam.capabilities.requiresMACAddress
  }

  async requestPool(wanted: Wanted, signal?: AbortSignal): Promise<PoolAnswer> {
    const untold = this.#untold(wanted)
    if (untold) {
      this.#hall.underWay.add(untold.id)
      return { id: untold.pool, pool: untold.subnet, data: {} }
    }
    const inUse = isAutomatic({ subnet: wanted.pool }) ? await inUseOnHost(this.#hall) : NOTHING_IN_USE
    const answer = await requestPool(this.#ipam, wanted, inUse)
    const { space, subPool: range, options, v6 } = wanted
    const [driver, pool] = [this.#ipam.name, answer.id]
    const id = `${driver} ${pool}`
    await this.#keep(
      () => this.#hall.store.lentPools.put({ id, driver, pool, space, subnet: answer.pool, range, options, v6 }),
      () => this.#ipam.releasePool(pool),
      signal,
    )
    this.#hall.underWay.add(id)
    return answer
  }

  /** The answer to the same request was lost, when our process was killed: the engine asks once more. */
  #untold({ space, pool, subPool }: Wanted): LentPool | undefined {
    const lent = this.#lent().find((one) => one.space === space && one.subnet === pool && one.range === subPool)
    return lent && !lent.told && !this.#hall.underWay.has(lent.id) && this.#addressesOf(lent).length === 0 ? lent : undefined
  }

  /** The engine has heard that it has the pool: who asks for the same from now on is somebody else. */
  told(pool: string): void {
    const lent = this.#find(pool)
    this.#hall.store.lentPools.put({ ...lent, told: true })
    this.#hall.underWay.delete(lent.id)
  }

  /** Addresses that the engine has not given back go along. */
  async releasePool(pool: string): Promise<void> {
    const lent = this.#find(pool)
    for (const { address } of this.#addressesOf(lent)) await this.releaseAddress(pool, address)
    await this.#ipam.releasePool(pool)
    this.#hall.store.lentPools.delete(lent.id)
    this.#hall.underWay.delete(lent.id)
  }

  /** Answers 'IP/PREFIX'. */
  async requestAddress(pool: string, wanted: string, options: Options, signal?: AbortSignal): Promise<string> {
    const lent = this.#find(pool)
    const cidr = await this.#ipam.requestAddress(pool, wanted, options)
    const address = withoutPrefix(cidr)
    const records = await this.#recordsFor(lent, wanted, options)
    await this.#keep(
      () => records.put({ id: `${lent.id} ${address}`, pool: lent.id, address }),
      () => this.#ipam.releaseAddress(pool, address, true),
      signal,
    )
    const name = options[NAME_OPTION]
    if (name) this.#hall.lentNames.set(address, name)
    return cidr
  }

  /** Of a network that reaches beyond this host, containers on others have addresses too. */
  async #recordsFor({ space }: LentPool, wanted: string, { RequestAddressType: type }: Options): Promise<Records<LentAddress>> {
    const { local } = await this.#ipam.defaultAddressSpaces()
    const forContainer = wanted === '' && type !== GATEWAY_REQUEST.RequestAddressType && space === local
    return forContainer ? this.#hall.store.lentForBoot : this.#hall.store.lentAddresses
  }

  /** Releasing what is free is no error. */
  async releaseAddress(pool: string, address: string): Promise<void> {
    const lent = this.#find(pool)
    await this.#ipam.releaseAddress(pool, address)
    this.#hall.lentNames.delete(address)
    const id = `${lent.id} ${address}`
    const { lentForBoot, lentAddresses } = this.#hall.store
    for (const records of [lentForBoot, lentAddresses]) if (records.get(id)) records.delete(id)
  }

  /** After a start, tells a driver that keeps nothing itself what is lent. */
  async replay(): Promise<void> {
    if (!this.#ipam.capabilities.requiresRequestReplay) return
    for (const lent of this.#lent()) {
      const { space, subnet, range, options, v6, pool } = lent
      await this.#ipam.requestPool({ space, pool: subnet, subPool: range, options, v6, reserved: [] })
      for (const { address } of this.#addressesOf(lent)) await this.#ipam.requestAddress(pool, address, {})
    }
  }

  /** What cannot be written down is not lent, nor what nobody waits for any more. */
  async #keep(write: () => void, takeBack: () => unknown, signal?: AbortSignal): Promise<void> {
    try {
      signal?.throwIfAborted()
      write()
    } catch (error) {
      await takeBack()
      throw error
    }
  }

  #find(pool: string): LentPool {
    const lent = this.#hall.store.lentPools.get(`${this.#ipam.name} ${pool}`)
    if (!lent) throw fault('POOL_NOT_FOUND', { pool })
    // Who asks something of it has not forgotten it.
    this.#hall.lostPools.delete(lent.id)
    return lent
  }

  #lent(): readonly LentPool[] {
    return this.#hall.store.lentPools.list().filter(({ driver }) => driver === this.#ipam.name)
  }

  #addressesOf({ id }: LentPool): readonly LentAddress[] {
    const { lentAddresses, lentForBoot } = this.#hall.store
    return [...lentAddresses.with('pool', id), ...lentForBoot.with('pool', id)]
  }
}

/** What engines have of the IPAM drivers that are here. */
export async function replayLent(hall: Hall): Promise<void> {
  const names = new Set(hall.store.lentPools.list().map(({ driver }) => driver))
  for (const name of names) if (hall.ipams.has(name)) await new EngineIpam(hall, hall.ipams.get(name)).replay()
}
