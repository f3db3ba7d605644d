import { beforeAll, describe, expect, it } from 'vitest'
import { must } from '../support/run.ts'
import { type Difference, differences, explains, knownIn } from './differences.ts'
import type { Facts } from './facts.ts'
import { Island } from './island.ts'
import { linesIn, tell } from './perform.ts'
import { type Docker, docker, served } from './players.ts'

async function play(on: (island: Island) => Promise<Docker>): Promise<readonly Facts[]> {
  await using island = await Island.rise()
  return await tell(await on(island), LINES)
}

const LINES = linesIn('engine.txt')
const { dockerd, reasons } = knownIn('engine.yaml')
const KNOWN = reasons.flatMap(({ rows }) => rows)
let found: readonly (readonly Difference[])[] = []

beforeAll(async () => {
  const [theirs, ours] = await Promise.all([play(docker), play(served)])
  found = LINES.map((line, index) => differences(line, theirs[index] ?? {}, ours[index] ?? {}))
}, 180_000)

describe('docker, as with dockerd behind it, or for a reason:', () => {
  it.each(LINES.map((line, index) => [line, index] as const))('%s', (_, index) => {
    expect(found[index]?.filter((difference) => !KNOWN.some((known) => explains(known, difference)))).toEqual([])
  })
})

it('the differences are those of the dockerd that is here', () => {
  expect(must(['dockerd', '--version'])).toContain(` ${dockerd}`)
})

it.each(KNOWN)('the difference is still there: $line $at', (known) => {
  expect(found.flat().some((difference) => explains(known, difference))).toBe(true)
})
