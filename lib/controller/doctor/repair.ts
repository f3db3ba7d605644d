import { CnmError } from '../../model/errors.ts'
import type { Finding } from '../../model/findings.ts'
import { printOp } from '../../model/print.ts'
import { enter, type OpenOptions } from '../enter.ts'
import { pathsIn, type Work } from '../execution/commit.ts'
import { checkHost } from '../guard/recover.ts'
import type { Hall } from '../hall.ts'
import { unusable } from '../state.ts'
import type { Ailment } from './ailment.ts'
import { diagnose } from './diagnose.ts'

/** What is not as it should be, and what repair() would do about it. */
export interface Examination {
  readonly findings: readonly Finding[]
  /** As ip, bridge, sysctl and nft commands, a line each; '' where nothing is to be done in the kernel. */
  readonly remedy: string
}

/** Looks at a host without opening its controller, which would finish what the last one left. Throws STATE_LOCKED. */
export async function examine(options: OpenOptions = {}): Promise<Examination> {
  try {
    const { hall, close } = await enter(options)
    try {
      await checkHost(hall)
      return await examineIn(hall)
    } finally {
      await close()
    }
  } catch (error) {
    return { findings: [unusable(error)], remedy: '' }
  }
}

/** The same of a host whose controller is open. */
export async function examineIn(hall: Hall): Promise<Examination> {
  const ailments = await diagnose(hall)
  return { findings: ailments.map(({ finding }) => finding), remedy: await rehearse(hall, ailments) }
}

/** What came of a repair. */
export interface Repair {
  readonly mended: readonly Finding[]
  /** What could not be mended, or is for somebody else to decide. */
  readonly left: readonly Finding[]
  /** What the kernel refused. */
  readonly errors: readonly CnmError[]
}

/** Mends what can be mended without touching anything that is not ours. One refusal does not keep the rest from being done. */
export async function repair(hall: Hall, signal?: AbortSignal): Promise<Repair> {
  const ailments = await diagnose(hall)
  const errors: CnmError[] = []
  for (const { mend } of ailments) {
    signal?.throwIfAborted()
    const refusal = await mend?.(hall, signal).then(() => null, refusalOf)
    if (refusal) errors.push(refusal)
  }
  const left = (await diagnose(hall)).map(({ finding }) => finding)
  const still = new Set(left.map(keyOf))
  return { mended: ailments.map(({ finding }) => finding).filter((found) => !still.has(keyOf(found))), left, errors }
}

function refusalOf(error: unknown): CnmError {
  if (error instanceof CnmError) return error
  throw error
}

const keyOf = ({ code, subject }: Finding): string => `${code} ${subject}`

/** The steps of all that would be mended; what is in the journal comes first. */
async function rehearse(hall: Hall, ailments: readonly Ailment[]): Promise<string> {
  const works: Pick<Work, 'plan' | 'sandbox' | 'networks'>[] = hall.store.journal.list().map(({ value }) => value)
  const commit = async (work: Work): Promise<void> => void works.push(work)
  // Plugins are not told of what is only looked at, and nothing that mends asks one to make something.
  const envoy = hall.envoy.dry(({ plugin, method }) => {
    throw new RangeError(`${method} of plugin ${plugin} mends nothing`)
  })
  for (const { mend } of ailments) await mend?.({ ...hall, commit, envoy, tell: () => {} }).catch(refusalOf)
  const places = (work: (typeof works)[number]) => [hall.host.path, ...pathsIn(hall.host, work)]
  const commands = works.flatMap((work) => work.plan.map((op) => printOp(op, places(work))))
  // What an interrupted verb has left is found again as a stray.
  return [...new Set(commands)].join('\n')
}
