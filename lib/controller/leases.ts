import { setMaxListeners } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import type { Held } from '../ipam/dhcp/driver.ts'
import { parseCidr } from '../model/address.ts'
import type { Plan } from '../model/op.ts'
import { applyLeniently } from '../netlink/kernel.ts'
import { namespaceAt } from '../netlink/namespace.ts'
import { withoutPrefix } from './addresses.ts'
import { planAgain, seatsOf } from './endpoints.ts'
import { rerouting, type Seat } from './gateway.ts'
import type { Hall } from './hall.ts'
import { lasting } from './interior.ts'
import type { Turns } from './turns.ts'

/** A lease that was just made is seen at the latest then, in ms. */
const GLANCE = 5_000

/**
 * Prolongs the leases of DHCP servers while a controller is on guard, at the server and in the kernel. An address that the
 * server denies is taken away from its sandbox at once, asked for again, and given back if the server has it still.
 */
export class Leases {
  readonly #hall: Hall
  readonly #turns: Turns
  readonly #end = new AbortController()
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
      await Promise.all(due.map((held) => this.#renew(held)))
      const next = Math.min(GLANCE, ...dhcp.held().map(({ lease }) => lease.renewAt - dhcp.now()))
      await pause(Math.max(50, next), undefined, { signal: this.#end.signal })
    }
  }

  /** The server is asked while verbs go on; what it answers is carried out in turn with them. */
  async #renew(held: Held): Promise<void> {
    const answer = await this.#hall.dhcp.renew(held)
    if (answer === 'silent') return
    await this.#turns.take(async () => {
      const seat = seatOn(this.#hall, held)
      if (!seat) return
      if (answer === 'renewed') await inside(this.#hall, seat, this.#prolonged(held, seat))
      else await this.#lose(held, seat)
    }, this.#end.signal)
  }

  #prolonged({ poolId, lease }: Held, { endpoint }: Seat): Plan {
    const cidr = parseCidr(endpoint.address ?? '')
    const seconds = this.#hall.dhcp.lifetime(poolId, withoutPrefix(lease.address))
    if (!cidr || !seconds) return []
    return [{ op: 'addr.replace', link: endpoint.ifname, ...lasting(cidr, { [endpoint.address ?? '']: seconds }) }]
  }

  async #lose({ poolId, lease }: Held, seat: Seat): Promise<void> {
    const { endpoint, network } = seat
    const cidr = parseCidr(endpoint.address ?? '')
    const what = `lease of ${lease.address}`
    if (cidr) await inside(this.#hall, seat, [{ op: 'addr.del', link: endpoint.ifname, ...lasting(cidr, {}) }])
    this.#hall.tell('damage', network, { what, by: `the DHCP server ${lease.server}`, container: endpoint.sandboxId })
    try {
      await this.#hall.dhcp.requestAddress(poolId, withoutPrefix(lease.address), {
        'com.docker.network.endpoint.macaddress': lease.mac,
      })
      await restore(this.#hall, seat)
      this.#hall.tell('heal', network, { what, container: endpoint.sandboxId })
    } catch {
      // Somebody else has it now: the sandbox goes without until it is connected anew.
    }
  }
}

/** Who uses a lease. */
function seatOn({ store }: Hall, { poolId, lease }: Held): Seat | undefined {
  const network = store.networks.list().find(({ pools }) => pools.some(({ id }) => id === poolId))
  const endpoint = store.endpoints
    .with('networkId', network?.id ?? '')
    .find(({ address }) => withoutPrefix(address ?? '') === withoutPrefix(lease.address))
  return network && endpoint ? { network, endpoint } : undefined
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

async function inside({ store }: Hall, { endpoint }: Seat, plan: Plan): Promise<void> {
  const sandbox = store.sandboxes.get(endpoint.sandboxId)
  if (!sandbox || endpoint.ifname === '') return
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
    if (!seatOn(hall, held)) await hall.dhcp.releaseAddress(held.poolId, withoutPrefix(held.lease.address))
  }
}
