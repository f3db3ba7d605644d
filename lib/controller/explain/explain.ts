import type { Parent } from '../../drivers/parent.ts'
import { objectsIn, type Packet, type Passage, TABLE, Tracer } from '../../firewall/firewall.ts'
import { type Family, formatAddress, parseAddress } from '../../model/address.ts'
import { CnmError } from '../../model/errors.ts'
import type { Endpoint, Sandbox } from '../../model/network.ts'
import type { Opening } from '../../model/wall.ts'
import { listNftTable } from '../../netlink/kernel.ts'
import { readSysctl } from '../../netlink/namespace.ts'
import type { LinkRow } from '../../netlink/tables.ts'
import { openingsOf, seatsOf } from '../endpoints/endpoints.ts'
import { lookInto } from '../endpoints/facts.ts'
import type { Seat } from '../endpoints/gateway.ts'
import { isIsolated } from '../endpoints/isolation.ts'
import { type Limit, limitsOf } from '../endpoints/limits.ts'
import type { Hall } from '../hall.ts'
import { apartness, CHILDREN, isCutOff, networkOf, parentUnder } from './parents.ts'
import { familyOf, farAddress, guestAt, type Place, placeOf, targetOf } from './places.ts'
import { isBridgeFiltered, isForItself, isHeard, isUp, routeText, View } from './view.ts'

export interface ExplainRequest {
  /** A sandbox or network by name or id, an address, `host`, or `internet`. */
  readonly from: string
  readonly to: string
  /** Absent: an echo request. */
  readonly port?: number
  /** Default: tcp with a port, icmp without. */
  readonly protocol?: string
  readonly family?: Family
}

/** One thing that befalls a packet. */
export interface Hop {
  /** 'sandbox web', 'link br-0f3a…', 'firewall forward'. */
  readonly where: string
  readonly what: string
  /** `leave`: it leaves this host, and what becomes of it there is not known here. */
  readonly verdict: 'pass' | 'drop' | 'arrive' | 'leave'
}

const HOST_ACCESS = '-o cnm.host_access=true'

/** Stops the walk. */
class Ended extends Error {}

/** Takes the first packet of a connection from one place to another, through the tables of the kernel as they are now. */
export async function explain(hall: Hall, request: ExplainRequest): Promise<readonly Hop[]> {
  const view = await View.of(hall.host)
  const walk = new Walk(hall, view, await tracerOf(hall, view))
  await walk.go(request)
  return walk.hops
}

/** Why a sandbox does not hear what is sent to its address; an engine does with the links of its containers as it likes. */
async function deafnessOf(sandbox: Sandbox, address: string): Promise<string | undefined> {
  if (sandbox.kind === 'engine') return undefined
  try {
    const link = (await lookInto(sandbox, View.of)).linkOf(address)
    if (!link) return `no link of it has ${address}`
    return isHeard(link) ? undefined : `link ${link.name} is down, or cut off`
  } catch (error) {
    if (error instanceof CnmError && error.code === 'SANDBOX_GONE') return `its namespace is gone: ${sandbox.path}`
    throw error
  }
}

async function tracerOf(hall: Hall, view: View): Promise<Tracer> {
  return new Tracer(objectsIn(await listNftTable(hall.host, TABLE)), (address) => view.holds(address))
}

const towards = (next: string, { target }: Packet): string => (next === target ? `to ${next}` : `to ${next}, on the way to ${target}`)

class Walk {
  readonly hops: Hop[] = []
  readonly #hall: Hall
  readonly #view: View
  readonly #tracer: Tracer

  constructor(hall: Hall, view: View, tracer: Tracer) {
    this.#hall = hall
    this.#view = view
    this.#tracer = tracer
  }

  async go({ from, to, port = 0, protocol, family: asked }: ExplainRequest): Promise<void> {
    const [source, target] = [placeOf(this.#hall, from, this.#view), placeOf(this.#hall, to, this.#view)]
    const family = familyOf(this.#hall, [source, target], asked)
    const carried = protocol ?? (port === 0 ? 'icmp' : 'tcp')
    const base = { family, protocol: carried, source: '', port, input: '', output: '', redirected: false, masqueraded: false }
    const packet = { ...base, target: targetOf(this.#hall, source, target, family, this.#view) }
    try {
      if (source.kind === 'sandbox') await this.#fromSandbox(source, packet)
      else if (source.kind === 'host') await this.#fromHost(packet)
      else await this.#fromOutside(source, target, packet)
    } catch (end) {
      if (!(end instanceof Ended)) throw end
    }
  }

  #pass(where: string, what: string): void {
    this.hops.push({ where, what, verdict: 'pass' })
  }

  #end(where: string, what: string, verdict: 'drop' | 'arrive' | 'leave'): never {
    this.hops.push({ where, what, verdict })
    throw new Ended()
  }

  /** Here the walk ends, and the way goes on. */
  #out(where: string, what: string): never {
    this.#end(where, `${what}: it leaves the host, and what becomes of it there is not known here`, 'leave')
  }

  async #fromSandbox({ sandbox }: Place, packet: Packet): Promise<void> {
    if (!sandbox) return
    const where = `sandbox ${sandbox.name}`
    const inside = await lookInto(sandbox, View.of)
    if (inside.holds(packet.target)) this.#end(where, `${packet.target} is its own`, 'arrive')
    const { link, next } = this.#route(inside, where, packet)
    const seat = this.#seatAt(sandbox, link, inside.addressOf(link.index, packet.family))
    const outside = this.#view.link(link.parent)
    if (CHILDREN.has(link.kind) && outside) await this.#onParent(seat, outside, link, next, packet)
    const bridge = this.#view.link(outside?.master ?? 0)
    if (!seat || !outside || !bridge) this.#out(`link ${link.name}`, 'by another way than a bridge of ours')
    for (const each of [outside, bridge]) if (!isUp(each)) this.#end(`link ${each.name}`, 'is down', 'drop')
    this.#limit((await limitsOf(this.#hall, seat.endpoint)).out)
    const sent = { ...packet, source: inside.addressOf(link.index, packet.family), input: bridge.name }
    if (this.#view.holds(next)) {
      this.#pass(`link ${bridge.name}`, `${next} is the host's`)
      return this.#throughHost(sent)
    }
    const neighbour = guestAt(this.#hall, next)
    if (neighbour?.networkId !== seat.network.id)
      this.#end(`link ${bridge.name}`, `nobody on network ${seat.network.name} has ${next}`, 'drop')
    await this.#acrossBridge(seat.endpoint, neighbour, next, { ...sent, output: bridge.name })
  }

  /** An engine calls the link as it likes, and the endpoint may be another one of its container's, each of which is a sandbox. */
  #seatAt(sandbox: Sandbox, link: LinkRow, address: string): Seat | undefined {
    if (sandbox.kind !== 'engine') return seatsOf(this.#hall, sandbox).find(({ endpoint }) => endpoint.ifname === link.name)
    const endpoint = guestAt(this.#hall, address)
    const network = this.#hall.store.networks.get(endpoint?.networkId ?? '')
    return endpoint && network && { endpoint, network }
  }

  /** What a link on a parent sends: to others on it, or to the LAN, but not to the host as such. */
  async #onParent(seat: Seat | undefined, parent: LinkRow, { kind }: LinkRow, next: string, packet: Packet): Promise<never> {
    const where = `link ${parent.name}`
    if (!isUp(parent)) this.#end(where, 'is down', 'drop')
    const guest = guestAt(this.#hall, next)
    const network = networkOf(this.#hall, guest)
    if (guest && network && parentUnder(network)?.name === parent.name) {
      const apart = apartness(seat?.network ?? network, network)
      if (apart?.isFinal) this.#end(where, `the links on it do not reach one another: ${apart.text}`, 'drop')
      if (apart) this.#out(where, `to ${next}, by a switch that sends back what came by the same port (${apart.text})`)
      return this.#arrive(guest, next, where, 'link')
    }
    const own = this.#view.linkOf(next)
    if (!own) this.#out(where, towards(next, packet))
    if (CHILDREN.has(own.kind) && own.parent === parent.index) this.#end(`link ${own.name}`, `${next} is the host's`, 'arrive')
    return this.#end(where, `${next} is the host's, which does not hear its ${kind} links: ${HOST_ACCESS}`, 'drop')
  }

  /** The route of a namespace to the packet's target: by which link, and to whom on it. */
  #route(view: View, where: string, { target }: Packet): { readonly link: LinkRow; readonly next: string } {
    const route = view.route(target)
    if (!route) this.#end(where, `no route to ${target}`, 'drop')
    const link = view.link(route.link)
    if (!link || route.type !== 'unicast') this.#end(where, routeText(route, link), 'drop')
    if (!isUp(link)) this.#end(`link ${link.name}`, 'is down', 'drop')
    this.#pass(where, routeText(route, link))
    return { link, next: route.via ? formatAddress(route.via) : target }
  }

  async #acrossBridge(from: Endpoint, to: Endpoint, next: string, packet: Packet): Promise<never> {
    const where = `link ${packet.output}`
    const ends = [await isIsolated(this.#hall, from), await isIsolated(this.#hall, to)]
    if (ends.every(Boolean)) this.#end(where, 'both ports are isolated: com.docker.network.bridge.enable_icc is false', 'drop')
    if (await isBridgeFiltered(this.#hall.host, packet.family)) this.#trace('forward', packet)
    return this.#arrive(to, next, where)
  }

  #limit(limit: Limit | undefined): void {
    if (limit) this.#pass(`link ${limit.link}`, `at ${limit.rate / 1e6} Mbit/s at most`)
  }

  /** `at`: the address by which it is found. */
  async #arrive(to: Endpoint, at: string, where: string, what = 'port'): Promise<never> {
    const sandbox = this.#hall.store.sandboxes.get(to.sandboxId)
    const name = sandbox?.name ?? ''
    this.#pass(where, `${what} of sandbox ${name}`)
    this.#limit((await limitsOf(this.#hall, to)).in)
    const deafness = sandbox && (await deafnessOf(sandbox, at))
    if (deafness) this.#end(`sandbox ${name}`, deafness, 'drop')
    this.#end(`sandbox ${name}`, `by ${to.ifname || "its engine's link"}`, 'arrive')
  }

  async #fromHost(packet: Packet): Promise<void> {
    const { packet: sent } = this.#trace('output', packet)
    if (this.#view.holds(sent.target)) this.#end('host', `${sent.target} is its own`, 'arrive')
    const { link, next } = this.#route(this.#view, 'host', sent)
    // Who speaks to the host itself, as to a published port, does so by the same address.
    const source = this.#view.holds(packet.target) ? packet.target : this.#view.addressOf(link.index, packet.family)
    await this.#leave({ ...sent, source, output: link.name }, link, next)
  }

  /** From elsewhere a sandbox is asked for at the port of the host that leads to it, if there is one; on a parent by whoever is on that LAN. */
  async #fromOutside(source: Place, target: Place, packet: Packet): Promise<void> {
    const guest = guestAt(this.#hall, packet.target)
    const parent = parentUnder(networkOf(this.#hall, guest))
    if (guest && parent) return this.#byParent(guest, packet.target, parent)
    const uplink = this.#uplinkTo(source, packet.family)
    const openings =
      target.sandbox && !target.address
        ? openingsOf(this.#hall, target.sandbox.ports, seatsOf(this.#hall, target.sandbox)).filter(
            ({ port, protocol, address }) => port === packet.port && protocol === packet.protocol && address === packet.target,
          )
        : []
    const opening = openings.find(({ hostIP }) => !isForItself(hostIP)) ?? openings[0]
    const sent = opening ? this.#at(opening, target, packet, uplink) : packet
    await this.#throughHost({ ...sent, source: farAddress(source, packet.family), input: uplink.name })
  }

  /** The link takes what is for it from the parent before the host has it. */
  async #byParent(guest: Endpoint, address: string, { name, isolated }: Parent): Promise<never> {
    const where = `link ${name}`
    const link = this.#view.links.find((candidate) => candidate.name === name)
    if (isolated) this.#end(where, 'leads nowhere: the network has no parent', 'drop')
    if (!link || !isUp(link)) this.#end(where, link ? 'is down' : 'is gone', 'drop')
    return this.#arrive(guest, address, where, 'link')
  }

  /** The packet as it is sent to where a port is published: on the host, or in a routed network at the sandbox itself. */
  #at({ hostIP, hostPort, address, port }: Opening, { name }: Place, packet: Packet, uplink: LinkRow): Packet {
    const own = parseAddress(hostIP)?.value === 0n ? this.#view.addressOf(uplink.index, packet.family) : hostIP
    const [at, atPort] = hostPort === 0 ? [address, port] : [own, hostPort]
    if (at === '') this.#end(`link ${uplink.name}`, `has no IPv${packet.family} address`, 'drop')
    this.#pass('host', `port ${port} of ${name} is published at ${at}, port ${atPort}`)
    if (hostPort !== 0 && !this.#view.holds(at)) this.#end('host', `${at} is not its own`, 'drop')
    return { ...packet, target: at, port: atPort }
  }

  #uplinkTo(source: Place, family: Family): LinkRow {
    const route = this.#view.route(farAddress(source, family))
    const link = this.#view.link(route?.link ?? 0) ?? this.#view.uplink(family)
    return link ?? this.#end('host', `no route to ${farAddress(source, family)}`, 'drop')
  }

  /** From one link of the host to another, or to the host itself. */
  async #throughHost(packet: Packet): Promise<void> {
    if (isForItself(packet.target)) this.#end('host', `${packet.target} is for itself alone`, 'drop')
    const { packet: turned } = this.#trace('prerouting', packet)
    if (this.#view.holds(turned.target)) {
      this.#trace('input', turned)
      this.#end('host', `${turned.target} is its own`, 'arrive')
    }
    if (!(await this.#forwards(turned))) this.#end('host', `does not forward IPv${turned.family} from ${turned.input}`, 'drop')
    const { link, next } = this.#route(this.#view, 'host', turned)
    const routed = { ...turned, output: link.name }
    this.#trace('forward', routed)
    await this.#leave(routed, link, next)
  }

  async #forwards({ family, input }: Packet): Promise<boolean> {
    const knobs = family === 4 ? [`ipv4/conf/${input}/forwarding`] : ['ipv6/conf/all/forwarding', `ipv6/conf/${input}/force_forwarding`]
    const values = await Promise.all(knobs.map((knob) => readSysctl(this.#hall.host, `net/${knob}`)))
    return values.includes('1')
  }

  async #leave(packet: Packet, link: LinkRow, next: string): Promise<never> {
    const { packet: sent } = this.#trace('postrouting', packet)
    const source = sent.masqueraded ? this.#view.addressOf(link.index, packet.family) : sent.source
    if (source !== packet.source) this.#pass(`link ${link.name}`, `from ${packet.source} becomes from ${source}`)
    const guest = guestAt(this.#hall, next)
    if (guest && (link.kind === 'bridge' || CHILDREN.has(link.kind))) return this.#arrive(guest, next, `link ${link.name}`)
    const network = networkOf(this.#hall, guest)
    if (network && parentUnder(network)?.name === link.name)
      this.#end(`link ${link.name}`, `its ${network.driver} links do not hear the host: ${HOST_ACCESS}`, 'drop')
    const aim = networkOf(this.#hall, guestAt(this.#hall, packet.target))
    if (isCutOff(this.#hall, aim))
      this.#end(`link ${link.name}`, `leads away from ${packet.target}: the host has no address on network ${aim.name}`, 'drop')
    if (link.kind === 'bridge') this.#end(`link ${link.name}`, `nobody has ${next}`, 'drop')
    return this.#out(`link ${link.name}`, towards(next, packet))
  }

  #trace(hook: Parameters<Tracer['pass']>[0], packet: Packet): Passage {
    const passage = this.#tracer.pass(hook, packet)
    passage.steps.forEach(({ chain, rule }, index) => {
      const last = index === passage.steps.length - 1
      if (last && passage.dropped) this.#end(`firewall ${chain}`, rule, 'drop')
      this.#pass(`firewall ${chain}`, rule)
    })
    if (passage.packet.target !== packet.target)
      this.#pass('host', `to ${packet.target} becomes to ${passage.packet.target}, port ${passage.packet.port}`)
    return passage
  }
}
