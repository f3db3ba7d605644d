import { setMaxListeners } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import type { Held } from '../../ipam/dhcp/driver.ts'
import { isSame, parseCidr } from '../../model/address.ts'
import { macOf } from '../../model/ids.ts'
import type { Endpoint } from '../../model/network.ts'
import type { Plan } from '../../model/op.ts'
import { applyLeniently } from '../../netlink/kernel.ts'
import { namespaceAt } from '../../netlink/namespace.ts'
import { planAgain, seatsOf } from '../endpoints/endpoints.ts'
import { rerouting, type Seat } from '../endpoints/gateway.ts'
import { lasting } from '../endpoints/interior.ts'
import { isReserved, poolFor, withoutPrefix } from '../endpoints/pools.ts'
import { seatsInside } from '../endpoints/whereabouts.ts'
import type { Turns } from '../execution/turns.ts'
import type { Hall } from '../hall.ts'

/** A lease that was just made is seen at the latest then, in ms. */
const GLANCE = 5_000
/** So long it takes at most until an address that was lost is asked for again. */
const MOST = 300_000

/**
 * Prolongs the leases of DHCP servers while a controller is on guard, at the server and in the kernel. An address that the
 * server denies is taken away from its sandbox at once, and asked for again until the server gives it.
 */
export class Leases {
  readonly #hall: Hall
  readonly #turns: Turns
  readonly #end = new AbortController()
  /** What was lost, by its name: when it is asked for again, and how long that is after the last time. */
  readonly #again = new Map<string, { readonly at: number; readonly delay: number }>()
  #underWay: Promise<void> = Promise.resolve()

  constructor(hall: Hall, turns: Turns) {
    this.#hall = hall
    this.#turns = turns
    // As many as there are leases to be prolonged at a time.
    setMaxListeners(0, this.#end.signal)
  }

  start(): void {
    this.#underWay = this.#watch().catch(() => {
      if (!this.#end.signal.aborted) process.emitWarning('nobody prolongs the leases of DHCP servers', { code: 'CNM_UNGUARDED' })
    })
  }

  async close(): Promise<void> {
    this.#end.abort()
    await this.#underWay
  }

  async #watch(): Promise<void> {
    const { dhcp } = this.#hall
    // Nobody knows how long nobody was on guard: at first each is asked about, as after a reboot.
    for (let due = dhcp.held(); ; due = dhcp.held().filter(({ lease }) => lease.renewAt <= dhcp.now())) {
      const lost = bereft(this.#hall).filter((each) => this.#dueAt(each) <= dhcp.now())
      await Promise.all([...due.map((held) => this.#renew(held)), ...lost.map((each) => this.#regain(each))])
      const times = [...dhcp.held().map(({ lease }) => lease.renewAt), ...bereft(this.#hall).map((each) => this.#dueAt(each))]
      const next = Math.min(GLANCE, ...times.map((at) => at - dhcp.now()))
      await pause(Math.max(50, next), undefined, { signal: this.#end.signal })
    }
  }

  #dueAt(bereft: Bereft): number {
    return this.#again.get(nameOf(bereft))?.at ?? 0
  }

  /** The server is asked while verbs go on; what it answers is carried out in turn with them. */
  async #renew(held: Held): Promise<void> {
    const answer = await this.#hall.dhcp.renew(held)
    if (answer === 'silent') return
    await this.#turns.take(async () => {
      const seat = seatOn(this.#hall, held.poolId, held.lease.address)
      if (!seat) return
      if (answer === 'renewed') await inside(this.#hall, seat, this.#prolonged(held, seat))
      else await this.#lose(held, seat)
    }, this.#end.signal)
  }

  #prolonged({ poolId, lease }: Held, { endpoint }: Seat): Plan {
    const own = addressOf(endpoint, lease.address)
    const cidr = parseCidr(own)
    const seconds = this.#hall.dhcp.lifetime(poolId, withoutPrefix(lease.address))
    if (!cidr || !seconds) return []
    return [{ op: 'addr.replace', link: endpoint.ifname, ...lasting(cidr, { [own]: seconds }) }]
  }

  async #lose({ lease }: Held, seat: Seat): Promise<void> {
    const { endpoint, network } = seat
    const cidr = parseCidr(addressOf(endpoint, lease.address))
    if (cidr) await inside(this.#hall, seat, [{ op: 'addr.del', link: endpoint.ifname, ...lasting(cidr, {}) }])
    const by = `the DHCP server ${lease.server}`
    this.#hall.tell('damage', network, { what: `lease of ${lease.address}`, by, container: endpoint.sandboxId })
  }

  async #regain(lost: Bereft): Promise<void> {
    const { poolId, address, mac } = lost
    const { dhcp } = this.#hall
    const ip = withoutPrefix(address)
    try {
      await dhcp.requestAddress(poolId, ip, { 'com.docker.network.endpoint.macaddress': mac })
    } catch {
      const { delay = GLANCE / 2 } = this.#again.get(nameOf(lost)) ?? {}
      const longer = Math.min(2 * delay, MOST)
      this.#again.set(nameOf(lost), { at: dhcp.now() + longer, delay: longer })
      return
    }
    this.#again.delete(nameOf(lost))
    await this.#turns.take(async () => {
      const seat = seatOn(this.#hall, poolId, address)
      if (!seat) return void (await dhcp.releaseAddress(poolId, ip))
      await restore(this.#hall, seat)
      this.#hall.tell('heal', seat.network, { what: `lease of ${address}`, container: seat.endpoint.sandboxId })
    }, this.#end.signal)
  }
}

/** An address of an endpoint that nobody lends it any more. */
interface Bereft {
  readonly poolId: string
  readonly address: string
  readonly mac: string
}

const nameOf = ({ poolId, address }: Bereft): string => `${poolId} ${address}`

function bereft({ store, dhcp, ipams }: Hall): readonly Bereft[] {
  if (ipams.get(dhcp.name) !== dhcp) return []
  const lent = store.networks.list().filter(({ ipam }) => ipam.driver === dhcp.name && !ipam.plugin)
  return lent.flatMap((network) =>
    store.endpoints.with('networkId', network.id).flatMap(({ id, address, address6, requested }) =>
      [address ?? '', address6 ?? ''].flatMap((own) => {
        const ip = withoutPrefix(own)
        const pool = poolFor(network, ip)
        if (!pool || !dhcp.lends(pool.id) || isReserved(pool, ip) || dhcp.lifetime(pool.id, ip) !== undefined) return []
        return [{ poolId: pool.id, address: own, mac: requested.mac ?? macOf(id) }]
      }),
    ),
  )
}

/** Which of an endpoint's addresses that is. */
const addressOf = ({ address = '', address6 = '' }: Endpoint, lent: string): string =>
  [address, address6].find((own) => isSame(withoutPrefix(own), withoutPrefix(lent))) ?? ''

/** Who uses a lease. Networks on one LAN have the same pool. */
function seatOn({ store }: Hall, poolId: string, address: string): Seat | undefined {
  const networks = store.networks.list().filter(({ pools }) => pools.some(({ id }) => id === poolId))
  const seats = networks.flatMap((network) => store.endpoints.with('networkId', network.id).map((endpoint) => ({ network, endpoint })))
  return seats.find(({ endpoint }) => addressOf(endpoint, address) !== '')
}

/** The address with the routes that went with it. What is there already is refused, and stays. */
async function restore(hall: Hall, seat: Seat): Promise<void> {
  const plan = await planAgain(hall, seat, await hall.hasIPv6())
  const sandbox = hall.store.sandboxes.get(seat.endpoint.sandboxId)
  const ways = sandbox ? rerouting([], seatsOf(hall, sandbox)) : []
  const steps = [...plan, ...ways].filter(({ op }) => op === 'addr.add' || op === 'route.add')
  await inside(
    hall,
    seat,
    steps.filter(({ at = 0 }) => at !== 0).map((op) => ({ ...op, at: 0 })),
  )
}

async function inside({ store }: Hall, seat: Seat, plan: Plan): Promise<void> {
  const { endpoint } = seat
  const sandbox = store.sandboxes.get(endpoint.sandboxId)
  if (!sandbox || endpoint.ifname === '') return
  const [own] = await seatsInside(sandbox, [seat])
  if (own?.endpoint.ifname !== endpoint.ifname) return
  const netns = namespaceAt(sandbox.path)
  try {
    await applyLeniently([netns], plan)
  } finally {
    netns.close()
  }
}

/** What a controller that was killed had been lent for an endpoint that was never made goes back. */
export async function returnOrphans(hall: Hall): Promise<void> {
  for (const held of hall.dhcp.held()) {
    if (!seatOn(hall, held.poolId, held.lease.address)) await hall.dhcp.releaseAddress(held.poolId, withoutPrefix(held.lease.address))
  }
}
