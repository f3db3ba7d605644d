import { join } from 'node:path'
import { dropChains, isLengthChain, objectsIn, razeAll, TABLE, USER } from '../../firewall/firewall.ts'
import { finding } from '../../model/findings.ts'
import type { Plan } from '../../model/op.ts'
import { apply, applyLeniently, listNftTable } from '../../netlink/kernel.ts'
import { namespaceAt } from '../../netlink/namespace.ts'
import { rebuilt } from '../guard/mend.ts'
import type { Hall } from '../hall.ts'
import { type Ailment, making } from './ailment.ts'

/** The file of a namespace in which rules are tried. */
export const SCRATCH = 'scratch'

/**
 * Our rules, held against those that the same plan makes in a namespace where there is nothing else: so both have been
 * through the same kernel and the same libnftables, whose way to put things is their own.
 */
export async function ruleDrift(hall: Hall): Promise<readonly Ailment[]> {
  const plan = await rebuilt(hall)
  const there = partsOf(await listNftTable(hall.host, TABLE))
  const wanted = partsOf(plan.length > 0 ? await listedOf(hall, plan) : null)
  const strays = [...there.keys()].filter((part) => !wanted.has(part) && isLengthChain(nameOf(part)))
  if (plan.length === 0) return strayRules(there, strays.map(nameOf))
  const differences = [
    ...[...wanted].flatMap(([part, text]) => {
      const found = there.get(part)
      return found === text ? [] : [`${part} ${found === undefined ? 'is missing' : 'differs'}`]
    }),
    ...strays.map((part) => `${part} is of networks that are gone`),
    ...(there.has(FLAGS) ? ['its flags differ'] : []),
  ]
  if (differences.length === 0) return []
  const shown = there.size === 0 ? 'they are gone' : `${differences.slice(0, 3).join(', ')}${differences.length > 3 ? ', …' : ''}`
  const mend = making({ plan: [...plan, ...dropChains(strays.map(nameOf))] })
  return [{ finding: finding('RULES_DRIFT', `table ${TABLE.family} ${TABLE.name}`, { differences: shown }), mend }]
}

function strayRules(there: ReadonlyMap<string, string>, chains: readonly string[]): readonly Ailment[] {
  const user = there.get(`chain ${USER}`)
  if (there.size === 0 || (there.size === 1 && user !== undefined)) return []
  const mend = making({ plan: razeAll(chains, there.has(OPERATOR) ? 'user rules' : 'nothing') })
  return [{ finding: finding('RULES_STRAY', `table ${TABLE.family} ${TABLE.name}`, {}), mend }]
}

async function listedOf(hall: Hall, plan: Plan): Promise<string | null> {
  const path = join(hall.run, 'netns', SCRATCH)
  const scratch = namespaceAt(path)
  try {
    // One that was left by a doctor that was killed.
    await clear(path)
    await apply([scratch], [{ op: 'netns.add' }, ...plan])
    return await listNftTable(scratch, TABLE)
  } finally {
    scratch.close()
    await clear(path)
  }
}

async function clear(path: string): Promise<void> {
  const netns = namespaceAt(path)
  await applyLeniently([netns], [{ op: 'netns.del' }])
  netns.close()
}

/** The operator's own rules are there; what they say is not our business. */
const OPERATOR = 'rules of the operator'

/** Of the table: ours has none, and one that is dormant does nothing. nft 1.0 says that there are some, and not which. */
const FLAGS = 'flags'

type Json = any

/** A table taken apart: 'chain forward', 'set bridges' and the like, each with what it says. */
function partsOf(listing: string | null): ReadonlyMap<string, string> {
  const parts = new Map<string, Json[]>()
  for (const object of objectsIn(listing)) {
    const [kind = '', { handle: _, ...said }] = Object.entries<Json>(object)[0] ?? []
    if (kind === 'table' && said.flags) parts.set(FLAGS, [])
    if (kind === 'chain') parts.set(`chain ${said.name}`, [said])
    if (kind === 'set' || kind === 'map') parts.set(`${kind} ${said.name}`, [{ ...said, elem: sorted(said.elem ?? []) }])
    if (kind !== 'rule') continue
    if (said.chain === USER) parts.set(OPERATOR, [])
    else parts.get(`chain ${said.chain}`)?.push(said.expr)
  }
  return new Map([...parts].map(([part, said]) => [part, JSON.stringify(said)]))
}

const sorted = (elements: readonly Json[]): readonly string[] => elements.map((element) => JSON.stringify(element)).sort()

const nameOf = (part: string): string => part.slice(part.indexOf(' ') + 1)
