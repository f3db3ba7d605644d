import { beforeAll, describe, expect, it } from 'vitest'
import { must } from '../support/run.ts'
import { type Difference, differences, explains, knownIn } from './differences.ts'
import type { Facts } from './facts.ts'
import { Island } from './island.ts'
import { linesIn, perform } from './perform.ts'
import { cnm, docker, type Player } from './players.ts'

async function play(on: (island: Island) => Promise<Player>): Promise<readonly Facts[]> {
  await using island = await Island.rise()
  return await perform(await on(island), LINES)
}

const LINES = linesIn('script.txt')
const { dockerd: DOCKERD, reasons } = knownIn('differences.yaml')
const KNOWN = reasons.flatMap(({ rows }) => rows)
let found: readonly (readonly Difference[])[] = []

beforeAll(async () => {
  const [theirs, ours] = await Promise.all([play(docker), play(cnm)])
  found = LINES.map((line, index) => differences(line, theirs[index] ?? {}, ours[index] ?? {}))
}, 180_000)

describe('as dockerd, or for a reason:', () => {
  it.each(LINES.map((line, index) => [line, index] as const))('%s', (_, index) => {
    expect(found[index]?.filter((difference) => !KNOWN.some((known) => explains(known, difference)))).toEqual([])
  })
})

it('the differences are those of the dockerd that is here', () => {
  expect(must(['dockerd', '--version'])).toContain(` ${DOCKERD}`)
})

it.each(KNOWN)('the difference is still there: $line $at', (known) => {
  expect(found.flat().some((difference) => explains(known, difference))).toBe(true)
})
