import { afterEach, beforeEach, expect, it } from 'vitest'
import { undoOf } from '../../lib/model/op.ts'
import { printPlan } from '../../lib/model/print.ts'
import { applyLeniently } from '../../lib/netlink/kernel.ts'
import { seeded } from '../support/random.ts'
import { GROUND, randomPlan } from '../support/random-plan.ts'
import { must } from '../support/run.ts'
import { settled, snapshot } from '../support/snapshot.ts'
import { Spaces } from '../support/spaces.ts'

let spaces: Spaces
beforeEach(async () => {
  spaces = await Spaces.open()
  await spaces.do(...GROUND)
  for (const path of spaces.paths) await settled(path)
})
afterEach(() => spaces[Symbol.asyncDispose]())

/** The groups that links listen to, the kernel tidies up later. */
const GROUP = '33:33:'

/** What a plan could leave behind, in the first namespace more than every verb could. */
function look() {
  const [netns, other] = spaces.paths
  const shown = (...argv: string[]) => must(argv, { netns })
  const tc = (...argv: string[]) => shown('tc', '-d', ...argv).replaceAll(/\b8[0-9a-f]{3}:/g, 'any:')
  return {
    ...snapshot(netns),
    other: snapshot(other),
    rules6: shown('ip', '-6', 'rule'),
    nexthops: shown('ip', 'nexthop'),
    neighbours: shown('ip', 'neigh', 'show', 'nud', 'permanent').split('\n').sort(),
    forwarding: shown('bridge', 'fdb')
      .split('\n')
      .filter((line) => !line.startsWith(GROUP))
      .sort(),
    qdiscs: tc('qdisc'),
    classes: tc('class', 'show', 'dev', 'v0'),
    filters: tc('filter', 'show', 'dev', 'v0', 'ingress'),
  }
}

const PLANS = 25
const STEPS = 30

it('a plan that was carried out up to any step, and taken back, leaves everything as it was', async () => {
  const random = seeded(2)
  const before = look()
  const carriedOut = new Map<string, number>()
  let refused = 0
  for (let n = 0; n < PLANS; n++) {
    const plan = randomPlan(random, 1 + random(STEPS))
    const { done, refusal } = await spaces.apply(...plan)
    for (const { op } of plan.slice(0, done)) carriedOut.set(op, (carriedOut.get(op) ?? 0) + 1)
    if (refusal) refused++
    const text = `plan ${n}, ${done} steps:\n${printPlan(plan.slice(0, done))}`
    expect(await applyLeniently(spaces.netns, undoOf(plan, done)), text).toEqual([])
    expect(look(), text).toEqual(before)
  }
  // Or it would show little.
  expect([...carriedOut.keys()].sort()).toEqual(
    ['addr', 'class', 'fdb', 'filter', 'link', 'neigh', 'nexthop', 'qdisc', 'route', 'rule'].map((what) => `${what}.add`).concat('sysctl'),
  )
  expect(refused).toBeGreaterThan(PLANS / 4)
  expect([...carriedOut.values()].reduce((a, b) => a + b)).toBeGreaterThan(PLANS * 4)
})
