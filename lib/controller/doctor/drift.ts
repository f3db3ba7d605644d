import { lendUplinks } from '../../firewall/firewall.ts'
import { finding } from '../../model/findings.ts'
import { isOurs } from '../../model/ids.ts'
import type { Network, Sandbox } from '../../model/network.ts'
import { type Plan, SANDBOX } from '../../model/op.ts'
import { addressText } from '../../model/words.ts'
import { inode, namespaceAt } from '../../netlink/namespace.ts'
import { openWay } from '../forwarding.ts'
import type { Hall } from '../hall.ts'
import { raisedWalls } from '../mend.ts'
import { isAlive } from '../processes.ts'
import { familiesOn, isStanding, onThisKernel, ownUp, raise, raisedIds, recordWay, unfitness } from '../raising.ts'
import { removeSandbox } from '../sandboxes.ts'
import { type Ailment, type Mend, making, taking } from './ailment.ts'
import { type Lack, lacksOf, subjectOf } from './audit.ts'
import { Scene } from './scene.ts'
import { broughtBy, engineSteps, madeBy, networkSteps, sandboxSteps } from './wanted.ts'

/** What one look at a host has come to so far. */
export class Round {
  readonly hall: Hall
  readonly host: Scene
  readonly ipv6: boolean
  /** Links of the host, and neighbours that it was told of, that belong to somebody. */
  readonly links = new Set<string>()
  readonly neighbours = new Set<string>()

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
  own(plan: Plan): void {
    for (const name of madeBy(plan)) this.links.add(name)
    for (const op of plan) if (op.op === 'neigh.replace' && op.at !== SANDBOX) this.neighbours.add(`${op.link} ${addressText(op.address)}`)
  }
}

/** Networks that have their links since boot, held against what made them. */
export async function networkDrift(round: Round): Promise<readonly Ailment[]> {
  const { hall } = round
  const raised = new Set(raisedIds(hall))
  const ailments: Ailment[] = []
  for (const network of hall.store.networks.list().filter(({ id, driver }) => raised.has(id) && hall.drivers.has(driver)))
    ailments.push(...(await driftOf(round, network)))
  return ailments
}

async function driftOf(round: Round, network: Network): Promise<readonly Ailment[]> {
  const { hall, host } = round
  const plan = await networkSteps(hall, network)
  round.own(plan)
  const subject = `network ${network.name}`
  const unfit = await unfitness(hall, network)
  if (unfit) return [{ finding: finding('NETWORK_UNFIT', subject, { reason: unfit.message, remedy: unfit.remedy }) }]
  if (!(await isStanding(hall, network))) {
    const again = await raise(hall, network)
    return [{ finding: finding('NETWORK_DRIFT', subject, { subject: 'its link', found: 'it is gone', more: '' }), mend: making(again) }]
  }
  return drifts('NETWORK_DRIFT', subject, await lacksOf(plan, [host]), (remedy) => making({ plan: remedy }))
}

/** Forwarding that networks need and do not have, on their links or on the host's own. */
export async function forwardingDrift({ hall, host }: Round): Promise<readonly Ailment[]> {
  const walls = (await raisedWalls(hall)).filter(({ wall }) => !wall.internal && host.link(wall.link))
  const ailments: Ailment[] = []
  for (const family of [4, 6] as const) {
    const links = walls.filter(({ network }) => familiesOn(network).includes(family)).map(({ wall }) => wall.link)
    if (links.length === 0) continue
    const way = await openWay(hall, links, [family], ownUp(hall))
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
    round.own(await engineSteps(round.hall, sandbox))
    return []
  }
  const plan = await sandboxSteps(round.hall, sandbox, round.ipv6)
  round.own(plan)
  const subject = `sandbox ${name}`
  const mend: Mend = (hall) => removeSandbox(hall, id)
  if (owner && !isAlive(owner)) return [{ finding: finding('OWNER_GONE', subject, { pid: owner.pid }), mend }]
  if (kind === 'host') return []
  const netns = namespaceAt(path)
  try {
    if (!(await isThere(netns))) return [{ finding: finding('NAMESPACE_GONE', subject, { path, name }), mend }]
    const inside = await Scene.of(netns)
    const lacks = await lacksOf(plan, [round.host, inside])
    return [
      // In this order: an end of a pair that was renamed goes with the other one, which is made anew.
      ...drifts('SANDBOX_DRIFT', subject, lacks, (remedy) => making({ plan: remedy, sandbox: path })),
      ...strays(inside, new Set(broughtBy(plan)), sandbox),
    ]
  } finally {
    netns.close()
  }
}

const isThere = (netns: Parameters<typeof inode>[0]): Promise<boolean> =>
  inode(netns).then(
    () => true,
    () => false,
  )

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

const moreThan = (count: number): string => (count === 0 ? '' : `, and ${count} more`)
