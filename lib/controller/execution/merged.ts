import { HOST, NETWORK, type Op, type Plan, renumbered } from '../../model/op.ts'
import type { Work } from './commit.ts'

/** Work that takes several things away. */
export interface Merged {
  readonly work: Work
  /** Which of the pieces a step is of; undefined: of more than one. */
  readonly pieceOf: (step: Op | undefined) => number | undefined
}

/** Pieces of work that each take something away, as one: their rules in one transaction, the namespaces last. */
export function merged(pieces: readonly Work[]): Merged {
  const [only, ...more] = pieces
  if (only && more.length === 0) return { work: only, pieceOf: () => 0 }
  const places: string[] = []
  const plans = pieces.map((piece) => asOneOf(piece, places))
  const pieceOf = new Map(plans.flatMap((plan, piece) => plan.map((step) => [step, piece] as const)))
  const steps = plans.flat()
  return {
    work: {
      way: 'down',
      plan: [...inOne(steps.filter(isRules)), ...steps.filter((op) => !isRules(op) && !isEnd(op)), ...steps.filter(isEnd)],
      before: pieces.flatMap(({ before = [] }) => before),
      after: pieces.flatMap(({ after = [] }) => after),
      networks: places,
      record: () => pieces.forEach(({ record }) => record()),
    },
    pieceOf: (step) => step && pieceOf.get(step),
  }
}

/** The plan of a piece, with its namespaces under the numbers that they have in the whole. */
function asOneOf({ plan, sandbox = '', networks = [] }: Work, places: string[]): Plan {
  const paths = [sandbox, ...networks]
  return renumbered(plan, (at) => {
    if (at === HOST) return HOST
    const path = paths[at - 1] ?? ''
    const known = places.indexOf(path)
    return NETWORK + (known < 0 ? places.push(path) - 1 : known)
  })
}

type Rules = Op & { readonly op: 'nft' }

const isRules = (op: Op): op is Rules => op.op === 'nft'
const isEnd = ({ op }: Op): boolean => op === 'netns.del'

const inOne = (all: readonly Rules[]): Plan => (all.length === 0 ? [] : [{ op: 'nft', commands: all.flatMap(({ commands }) => commands) }])
