import type { VerbOptions } from '../../controller/controller.ts'
import type { Verbs } from '../../controller/verbs.ts'
import type { Endpoint, Network, Sandbox } from '../../model/network.ts'
import type { Attachment } from '../../model/request.ts'
import { Contradiction } from '../misuse.ts'
import { attachmentDifferences, networkDifferences, sandboxDifferences } from './compare.ts'
import { type DeclaredNetwork, type DeclaredSandbox, LAB_LABEL, type Lab } from './read.ts'
import { networkTrial, sandboxTrial } from './rehearsal.ts'

/** One thing to be done. */
export interface Change {
  /** Made, taken away, or replaced. */
  readonly sign: '+' | '-' | '~'
  /** 'network front' */
  readonly subject: string
  /** In what it differs. */
  readonly details: readonly string[]
  /** Done for all changes before the first is performed, so that what one gives up another can have. */
  readonly clear?: Step
  /** Absent: nothing takes the place of what is taken away. */
  readonly perform?: Step
  /** A verb that is refused if `perform` is bound to be; for a dry run. */
  readonly trial?: Step
}

export type Step = (cnm: Verbs, options: VerbOptions) => Promise<unknown>

export interface Changes {
  readonly changes: readonly Change[]
  /** What the lab has made before and does not declare any more; gone with `prune`. */
  readonly strays: readonly string[]
}

/** What there is, by name. */
interface Present {
  readonly networks: ReadonlyMap<string, Network>
  readonly sandboxes: ReadonlyMap<string, Sandbox>
}

const byName = <T extends { readonly name: string }>(all: readonly T[]): ReadonlyMap<string, T> =>
  new Map(all.map((one) => [one.name, one]))

/** What makes of the host what the lab declares. What is in the way goes first, what is needed by others comes first. */
export function changesOf(lab: Lab, cnm: Verbs, prune: boolean): Changes {
  const present: Present = { networks: byName(cnm.networks()), sandboxes: byName(cnm.sandboxes()) }
  checkExternal(lab, present)
  const ours = ({ labels }: Network | Sandbox) => labels[LAB_LABEL] === lab.name
  const strayBoxes = straysOf(present.sandboxes, lab.sandboxes).filter(ours)
  const strayNetworks = straysOf(present.networks, lab.networks).filter(ours)
  const networks = lab.networks.flatMap((wanted) => networkChange(lab, wanted, cnm, present.networks.get(wanted.name)))
  const replaced = new Set(networks.filter(({ sign }) => sign === '~').map(({ subject }) => subject))
  // A DHCP server is asked only in earnest.
  const stays = (name: string) => present.networks.get(name)?.ipam.driver === 'default' && !replaced.has(subjectOf('network', name))
  const sandboxes = lab.sandboxes.flatMap((wanted) => sandboxChanges(lab, wanted, cnm, present.sandboxes.get(wanted.name), replaced, stays))
  const gone = prune
    ? strayBoxes.map(({ name }) => removal(subjectOf('sandbox', name), (it, options) => it.removeSandbox(name, options)))
    : strayBoxes.flatMap((box) => evictions(box, cnm, replaced))
  const last = prune ? strayNetworks.map((network) => networkRemoval(lab, network, cnm)) : []
  const left = sandboxes.filter(({ sign }) => sign === '-')
  return {
    changes: [...gone, ...left, ...last, ...networks, ...sandboxes.filter(({ sign }) => sign !== '-')],
    strays: prune
      ? []
      : [...strayBoxes.map(({ name }) => subjectOf('sandbox', name)), ...strayNetworks.map(({ name }) => subjectOf('network', name))],
  }
}

const subjectOf = (kind: 'network' | 'sandbox', name: string): string => `${kind} ${name}`

const removal = (subject: string, clear: Step): Change => ({ sign: '-', subject, details: [], clear })

function networkRemoval(lab: Lab, is: Network, cnm: Verbs): Change {
  checkStrangers(lab, is, cnm, 'is to be removed')
  return removal(subjectOf('network', is.name), (it, options) => it.removeNetwork(is.id, options))
}

/** What is not declared any more, and stays, loses the networks that are made anew. */
const evictions = ({ id, name }: Sandbox, cnm: Verbs, replaced: ReadonlySet<string>): readonly Change[] =>
  cnm
    .seats(id)
    .filter(({ network }) => replaced.has(subjectOf('network', network.name)))
    .map(({ network }) => departure(id, name, network.name))

const departure = (id: string, name: string, network: string): Change =>
  removal(`${subjectOf('sandbox', name)} on ${network}`, (it, options) => it.disconnect(id, network, options))

const straysOf = <T extends { readonly name: string }>(
  present: ReadonlyMap<string, T>,
  wanted: readonly { readonly name: string }[],
): readonly T[] => [...present.values()].filter(({ name }) => !wanted.some((other) => other.name === name))

function checkExternal({ external }: Lab, { networks }: Present): void {
  const missing = external.find((name) => !networks.has(name))
  if (missing !== undefined) throw new Contradiction(`network ${missing} is external, and there is none`)
}

function checkOurs(lab: Lab, kind: 'network' | 'sandbox', { name, labels }: Network | Sandbox): void {
  if (labels[LAB_LABEL] === lab.name) return
  const way = kind === 'network' ? 'say external: true, or remove it' : 'rename it, or remove it'
  throw new Contradiction(`${kind} ${name} is there, and lab ${lab.name} has not made it: ${way}`)
}

function networkChange(lab: Lab, wanted: DeclaredNetwork, cnm: Verbs, is: Network | undefined): readonly Change[] {
  const subject = subjectOf('network', wanted.name)
  const perform: Step = (it, options) => it.createNetwork(wanted, options)
  if (!is) return [{ sign: '+', subject, details: [], perform, trial: networkTrial(wanted, true) }]
  checkOurs(lab, 'network', is)
  const details = networkDifferences(wanted, is)
  if (details.length === 0) return []
  checkStrangers(lab, is, cnm, 'has to be replaced')
  return [
    {
      sign: '~',
      subject,
      details,
      clear: (it, options) => evict(it, is, options),
      perform,
      trial: networkTrial(wanted, false),
    },
  ]
}

function checkStrangers(lab: Lab, { id, name }: Network, cnm: Verbs, fate: string): void {
  const guests = cnm.guests(id).map(({ sandbox }) => sandbox)
  const stranger = guests.find(({ labels }) => labels[LAB_LABEL] !== lab.name)
  if (stranger) throw new Contradiction(`network ${name} ${fate}, and sandbox ${stranger.name}, which is not of lab ${lab.name}, is on it`)
}

async function evict(cnm: Verbs, { id }: Network, options: VerbOptions): Promise<void> {
  for (const { sandbox } of cnm.guests(id)) await cnm.disconnect(sandbox.id, id, options)
  await cnm.removeNetwork(id, options)
}

/** `replaced`: networks that its endpoints will have lost by then. */
function sandboxChanges(
  lab: Lab,
  wanted: DeclaredSandbox,
  cnm: Verbs,
  is: Sandbox | undefined,
  replaced: ReadonlySet<string>,
  stays: (network: string) => boolean,
): readonly Change[] {
  const subject = subjectOf('sandbox', wanted.name)
  const perform: Step = (it, options) => it.createSandbox(wanted, options)
  if (!is)
    return [
      {
        sign: '+',
        subject,
        details: wanted.networks.map(({ network }) => `on ${network}`),
        perform,
        trial: sandboxTrial(wanted, true, stays),
      },
    ]
  checkOurs(lab, 'sandbox', is)
  const details = sandboxDifferences(wanted, is)
  if (details.length > 0)
    return [
      {
        sign: '~',
        subject,
        details,
        clear: (it, options) => it.removeSandbox(is.id, options),
        perform,
        trial: sandboxTrial(wanted, false, stays),
      },
    ]
  // What nobody asked for as its way out, nobody declares.
  const asked = cnm.seats(is.id).filter(({ endpoint }) => !endpoint.wayOut)
  const seats = new Map(asked.map(({ endpoint, network }) => [network.name, endpoint]))
  const left = [...seats.keys()].filter((name) => !wanted.networks.some(({ network }) => network === name))
  return [
    ...left.map((network) => departure(is.id, is.name, network)),
    ...wanted.networks.flatMap((attachment) => {
      const seat = replaced.has(subjectOf('network', attachment.network)) ? undefined : seats.get(attachment.network)
      return attachmentChange(is, attachment, seat, stays)
    }),
  ]
}

function attachmentChange(
  { id, name }: Sandbox,
  wanted: Attachment,
  seat: Endpoint | undefined,
  stays: (network: string) => boolean,
): readonly Change[] {
  const subject = `${subjectOf('sandbox', name)} on ${wanted.network}`
  const trial = sandboxTrial({ name, networks: [wanted] }, false, stays)
  const join: Step = (cnm, options) => cnm.connect(id, wanted, options)
  if (!seat) return [{ sign: '+', subject, details: [], perform: join, trial }]
  const details = attachmentDifferences(wanted, seat)
  return details.length > 0
    ? [{ sign: '~', subject, details, clear: (cnm, options) => cnm.disconnect(id, wanted.network, options), perform: join, trial }]
    : []
}
