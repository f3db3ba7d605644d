import { CnmError, fault } from '../../model/errors.ts'
import type { Network, Sandbox } from '../../model/network.ts'
import { type Netns, namespaceAt } from '../../netlink/namespace.ts'
import { isGone, NetlinkError } from '../../netlink/refusal.ts'
import type { Hall } from '../hall.ts'
import { linkNames } from '../networks/links.ts'
import { isRaised } from '../networks/raised.ts'
import { isStanding } from '../networks/standing.ts'

/** What the kernel has where a sandbox is to be connected, or is believed to have. */
export interface Facts {
  /** Names that links of the sandbox have. */
  readonly taken: ReadonlySet<string>
  /** Nobody has looked whether raised networks still have their links: where one has not, a step is refused. */
  readonly unseen: boolean
}

export interface Place {
  readonly sandbox: Sandbox
  readonly networks: readonly Network[]
  /** The work makes the namespace as well. */
  readonly isNew: boolean
}

/**
 * Does what connects a sandbox by what the records say, and anew by what is found where they turn out to be wrong: to look first
 * costs as much as to connect, and a step that builds on what is not there is refused. Throws SANDBOX_GONE, and what `work` throws.
 */
export async function asFarAsKnown<T>(hall: Hall, place: Place, work: (facts: Facts) => Promise<T>): Promise<T> {
  const { sandbox, networks, isNew } = place
  const isEmpty = isNew || sandbox.kind === 'host'
  const look = async (): Promise<Facts> => ({ taken: isEmpty ? new Set() : await namesFound(sandbox), unseen: false })
  // Anything may be in a namespace that is not ours, and no step of a dry run is refused.
  if (hall.dry || (sandbox.kind === 'joined' && !isNew)) return work(await look())
  const recorded: Facts = { taken: new Set(isEmpty ? [] : ['lo', ...namesIn(hall, sandbox)]), unseen: true }
  try {
    return await work(recorded)
  } catch (error) {
    if (!(error instanceof CnmError)) throw error
    const found = await look()
    const isKnown = [...found.taken].every((name) => recorded.taken.has(name))
    if (isKnown && (await areStanding(hall, networks))) throw error
    return work(found)
  }
}

/** The same for whom only the network matters: `unseen` as it is in Facts. */
export async function asFarAsRaised<T>(hall: Hall, network: Network, work: (unseen: boolean) => Promise<T>): Promise<T> {
  try {
    return await work(true)
  } catch (error) {
    if (!(error instanceof CnmError) || (await areStanding(hall, [network]))) throw error
    return work(false)
  }
}

const namesIn = ({ store }: Hall, { id }: Sandbox): readonly string[] => store.endpoints.with('sandboxId', id).map(({ ifname }) => ifname)

async function areStanding(hall: Hall, networks: readonly Network[]): Promise<boolean> {
  for (const network of networks) if (isRaised(hall, network) && !(await isStanding(hall, network))) return false
  return true
}

const namesFound = (sandbox: Sandbox): Promise<ReadonlySet<string>> => lookInto(sandbox, linkNames)

/** Throws SANDBOX_GONE. */
export async function lookInto<T>(sandbox: Sandbox, look: (netns: Netns) => Promise<T>): Promise<T> {
  const netns = namespaceAt(sandbox.path)
  try {
    return await look(netns)
  } catch (error) {
    throw error instanceof NetlinkError && isGone(error.refusal) ? goneOf(sandbox, error) : error
  } finally {
    netns.close()
  }
}

export const goneOf = ({ name, path }: Sandbox, error: unknown) => fault('SANDBOX_GONE', { name, path }, error)
