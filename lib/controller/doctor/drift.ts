import { lendUplinks } from '../../firewall/firewall.ts'
import { CnmError } from '../../model/errors.ts'
import { finding } from '../../model/findings.ts'
import { isOurs, LINK_GROUP } from '../../model/ids.ts'
import type { Network, Sandbox } from '../../model/network.ts'
import { HOST, NETWORK, type Plan, SANDBOX } from '../../model/op.ts'
import { addressText } from '../../model/words.ts'
import { namespaceAt } from '../../netlink/namespace.ts'
import { raisedWalls } from '../guard/mend.ts'
import type { Hall } from '../hall.ts'
import { configOf } from '../networks/config.ts'
import { openWay } from '../networks/forwarding.ts'
import { homeOf } from '../networks/homes.ts'
import { raisedNetworks, raisedOf } from '../networks/raised.ts'
import { familiesOn, onThisKernel, raise, unfitness } from '../networks/raising.ts'
import { isThere, standingOf } from '../networks/standing.ts'
import { recordWay } from '../networks/ways.ts'
import { tunnelOf } from '../overlay/known.ts'
import { isKnown, look } from '../overlay/look.ts'
import { writing } from '../overlay/rows.ts'
import { hasDriver } from '../remote/drivers.ts'
import { isAlive } from '../sandboxes/processes.ts'
import { removeSandbox } from '../sandboxes/removal.ts'
import { type Ailment, type Mend, making, taking } from './ailment.ts'
import { type Lack, lacksOf, subjectOf } from './audit.ts'
import { Scene } from './scene.ts'
import { broughtBy, engineSteps, madeIn, networkSteps, type Steps, sandboxSteps } from './wanted.ts'

/** What one look at a host has come to so far. */
export class Round {
  readonly hall: Hall
  readonly host: Scene
  readonly ipv6: boolean
  /** Links of the host, and neighbours that it was told of, that belong to somebody. */
  readonly links = new Set<string>()
  readonly neighbours = new Set<string>()
  /** Names that networks have made links under, and that somebody else's have now. */
  readonly taken = new Set<string>()
  /** The namespaces that networks have for themselves, by their path, with the links that belong to somebody. */
  readonly homes = new Map<string, { readonly scene: Scene; readonly links: Set<string> }>()

  constructor(hall: Hall, host: Scene, ipv6: boolean) {
    this.hall = hall
    this.host = host
    this.ipv6 = ipv6
  }

  static async of(hall: Hall): Promise<Round> {
    const host = await Scene.of(hall.host)
    return new Round(hall, host, (await host.sysctl('net/ipv6/conf/all/disable_ipv6')) !== null)
  }

  /** All steps of a plan belong to somebody. */
  async own({ plan, networks }: Steps): Promise<void> {
    for (const name of madeIn(plan, HOST)) this.links.add(name)
    for (const op of plan)
      if (op.op === 'neigh.replace' && (op.at ?? HOST) === HOST) this.neighbours.add(`${op.link} ${addressText(op.address)}`)
    for (const [index, path] of networks.entries()) {
      const names = madeIn(plan, NETWORK + index)
      const home = names.length > 0 ? await this.#homeAt(path) : null
      for (const name of names) home?.links.add(name)
    }
  }

  /** What is there; nothing, where a namespace is gone, or was never wanted. */
  sceneAt(path: string): Scene {
    return this.homes.get(path)?.scene ?? new Scene(this.hall.host, [], [], [], [])
  }

  async #homeAt(path: string) {
    const known = this.homes.get(path)
    if (known) return known
    if (!(await isThere(path))) return null
    const netns = namespaceAt(path)
    const home = { scene: await Scene.of(netns), links: new Set<string>() }
    this.homes.set(path, home)
    return home
  }

  close(): void {
    for (const { scene } of this.homes.values()) scene.netns.close()
  }
}

/** Networks that have their links since boot, held against what made them. */
export async function networkDrift(round: Round): Promise<readonly Ailment[]> {
  const { hall } = round
  const ailments: Ailment[] = []
  for (const network of raisedNetworks(hall).filter((each) => hasDriver(hall, each))) ailments.push(...(await driftOf(round, network)))
  return ailments
}

async function driftOf(round: Round, network: Network): Promise<readonly Ailment[]> {
  const { hall, host } = round
  const plan = await networkSteps(hall, network)
  const networks = [homeOf(hall, network)]
  await round.own({ plan, networks })
  const subject = `network ${network.name}`
  const unfit = await unfitness(hall, network)
  if (unfit) return [{ finding: finding('NETWORK_UNFIT', subject, { reason: unfit.message, remedy: unfit.remedy }) }]
  const raised = raisedOf(hall.store, network)
  const standing = raised && (await standingOf(hall, network, raised))
  if (standing?.state === 'taken') round.taken.add(standing.base)
  else if (standing?.state !== 'there') return [await fallen(hall, network)]
  const scenes = [host, host, ...networks.map((path) => round.sceneAt(path))]
  return [
    ...drifts('NETWORK_DRIFT', subject, await lacksOf(plan, scenes, round.taken), (remedy) => making({ plan: remedy, networks })),
    ...(await peersDrift(hall, network)),
  ]
}

/** Its links are gone; where they cannot be made either, that is what is wrong. */
async function fallen(hall: Hall, network: Network): Promise<Ailment> {
  const subject = `network ${network.name}`
  const gone = { subject: 'its link', found: 'it is gone', more: '' }
  try {
    return { finding: finding('NETWORK_DRIFT', subject, gone), mend: making(await raise(hall, network)) }
  } catch (error) {
    if (!(error instanceof CnmError)) throw error
    return { finding: finding('NETWORK_UNFIT', subject, { reason: error.message, remedy: error.remedy }) }
  }
}

/** What a network lacks, and the sandboxes on it, in an order in which it can be mended. */
export async function driftOn(hall: Hall, network: Network): Promise<readonly Ailment[]> {
  await hall.deleted()
  const seated = new Set(hall.store.endpoints.with('networkId', network.id).map(({ sandboxId }) => sandboxId))
  const round = await Round.of(hall)
  try {
    const ailments = [...(await driftOf(round, network))]
    for (const sandbox of hall.store.sandboxes.list().filter(({ id }) => seated.has(id))) ailments.push(...(await lookInto(round, sandbox)))
    return ailments
  } finally {
    round.close()
  }
}

/** What a tunnel knows of other hosts, held against what this controller was told. */
async function peersDrift(hall: Hall, network: Network): Promise<readonly Ailment[]> {
  const config = configOf(hall, network)
  const tunnel = tunnelOf(hall, network, config)
  const found = tunnel && isKnown(hall, network) ? await look(hall, network, false) : null
  const [first] = found?.differences ?? []
  if (!tunnel || !found || !first) return []
  const words = {
    key: first.key,
    found: first.found || 'nowhere',
    wanted: first.wanted || 'nowhere',
    more: moreThan(found.differences.length - 1),
  }
  const plan = writing(tunnel, found.remedy, NETWORK)
  return [{ finding: finding('PEERS_DRIFT', `network ${network.name}`, words), mend: taking({ plan, networks: [homeOf(hall, network)] }) }]
}

/** Links with our mark in the namespaces of networks that nobody has. */
export const homeStrays = ({ homes }: Round): readonly Ailment[] =>
  [...homes].flatMap(([path, { scene, links }]) =>
    scene.links
      .filter(({ group, name }) => group === LINK_GROUP && !links.has(name))
      .map(({ name }) => ({
        finding: finding('LINK_STRAY', `link ${name} in ${path}`, {}),
        mend: taking({ plan: [{ at: NETWORK, op: 'link.del', link: name }], networks: [path] }),
      })),
  )

/** Forwarding that networks need and do not have, on their links or on the host's own. */
export async function forwardingDrift({ hall, host, taken }: Round): Promise<readonly Ailment[]> {
  const walls = (await raisedWalls(hall)).filter(({ wall }) => !wall.internal && host.link(wall.link) && !taken.has(wall.link))
  const ailments: Ailment[] = []
  for (const family of [4, 6] as const) {
    const links = walls.filter(({ network }) => familiesOn(network).includes(family)).map(({ wall }) => wall.link)
    if (links.length === 0) continue
    const way = await openWay(hall, links, [family])
    const isLent = Object.keys(way.lent).length > 0
    const lacks = await lacksOf(await onThisKernel(hall, way.plan), [host])
    const mend = (remedy: Plan) =>
      making({ plan: [...remedy, ...(isLent ? lendUplinks(way.uplinks) : [])], record: () => (isLent ? recordWay(hall, way) : undefined) })
    ailments.push(...drifts('FORWARDING_OFF', 'host', lacks, mend))
  }
  return ailments
}

/** Sandboxes, held against what made them. */
export async function sandboxDrift(round: Round): Promise<readonly Ailment[]> {
  const ailments: Ailment[] = []
  for (const sandbox of round.hall.store.sandboxes.list()) ailments.push(...(await lookInto(round, sandbox)))
  return ailments
}

async function lookInto(round: Round, sandbox: Sandbox): Promise<readonly Ailment[]> {
  const { id, name, kind, path, owner } = sandbox
  if (kind === 'engine') {
    await round.own(await engineSteps(round.hall, sandbox))
    return []
  }
  const steps = await sandboxSteps(round.hall, sandbox, round.ipv6)
  await round.own(steps)
  const { plan, networks } = steps
  const subject = `sandbox ${name}`
  const mend: Mend = (hall) => removeSandbox(hall, id)
  if (owner && !isAlive(owner)) return [{ finding: finding('OWNER_GONE', subject, { pid: owner.pid }), mend }]
  if (kind === 'host') return []
  const netns = namespaceAt(path)
  try {
    if (!(await isThere(path))) return [{ finding: finding('NAMESPACE_GONE', subject, { path, name }), mend }]
    const inside = await Scene.of(netns)
    const lacks = await lacksOf(plan, [round.host, inside, ...networks.map((home) => round.sceneAt(home))], round.taken)
    return [
      // In this order: an end of a pair that was renamed goes with the other one, which is made anew.
      ...drifts('SANDBOX_DRIFT', subject, lacks, (remedy) => making({ plan: remedy, sandbox: path, networks })),
      ...strays(inside, new Set(broughtBy(plan)), sandbox),
    ]
  } finally {
    netns.close()
  }
}

/** Links with our mark that none of the sandbox's endpoints has. */
const strays = (inside: Scene, wanted: ReadonlySet<string>, { path, name: sandbox }: Sandbox): readonly Ailment[] =>
  inside.links
    .filter(({ group, name }) => isOurs(group) && !wanted.has(name))
    .map(({ name }) => ({
      finding: finding('LINK_STRAY', `link ${name} in sandbox ${sandbox}`, {}),
      mend: taking({ plan: [{ op: 'link.del', at: SANDBOX, link: name }], sandbox: path }),
    }))

/** One finding for all that can be mended together, and one for each link of somebody else's that is in the way. */
function drifts(
  code: 'NETWORK_DRIFT' | 'SANDBOX_DRIFT' | 'FORWARDING_OFF',
  subject: string,
  lacks: readonly Lack[],
  mending: (remedy: Plan) => Mend,
): readonly Ailment[] {
  const foreign = lacks.filter(({ remedy }) => remedy.length === 0)
  const ours = lacks.filter(({ remedy }) => remedy.length > 0)
  const [first] = ours
  const inTheWay = foreign.map(({ op, found }) => ({
    finding: finding('LINK_FOREIGN', subject, { subject: subjectOf(op), found, link: op.op === 'link.add' ? op.name : '' }),
  }))
  if (!first) return inTheWay
  const words = { subject: subjectOf(first.op), found: first.found, more: moreThan(ours.length - 1) }
  return [...inTheWay, { finding: finding(code, subject, words), mend: mending(ours.flatMap(({ remedy }) => remedy)) }]
}

export const moreThan = (count: number): string => (count === 0 ? '' : `, and ${count} more`)
