import { expect, it } from 'vitest'
import type { Work } from '../../../../lib/controller/execution/commit.ts'
import { merged } from '../../../../lib/controller/execution/merged.ts'
import { NETWORK, type Plan, SANDBOX } from '../../../../lib/model/op.ts'

const done: string[] = []
const work = (plan: Plan, where: Partial<Work>): Work => ({ way: 'down', plan, record: () => void done.push('recorded'), ...where })

const rules = (name: string) => ({ op: 'nft', commands: [{ flush: name }] }) as const
const one = work([rules('one'), { op: 'link.del', link: 'a' }, { op: 'netns.del', at: SANDBOX }], { sandbox: '/one' })
const two = work(
  [
    rules('two'),
    { op: 'link.set', at: SANDBOX, link: 'eth0', up: false },
    { op: 'link.del', at: NETWORK, link: 'b' },
    { op: 'netns.del', at: SANDBOX },
  ],
  { sandbox: '/two', networks: ['/home'], before: [{ plugin: 'p', method: 'Leave' }] },
)
const three = work([{ op: 'link.del', at: NETWORK, link: 'c' }], { networks: ['/home'] })

it('one piece is what it was', () => {
  expect(merged([two]).work).toBe(two)
})

it('several have their rules in one transaction, each its own namespaces, which go last', () => {
  const { work: whole, pieceOf } = merged([one, two, three])
  expect(whole.networks).toEqual(['/one', '/two', '/home'])
  expect(whole.plan).toEqual([
    { op: 'nft', commands: [{ flush: 'one' }, { flush: 'two' }] },
    { op: 'link.del', link: 'a' },
    { op: 'link.set', at: 3, link: 'eth0', up: false },
    { op: 'link.del', at: 4, link: 'b' },
    { op: 'link.del', at: 4, link: 'c' },
    { op: 'netns.del', at: 2 },
    { op: 'netns.del', at: 3 },
  ])
  expect(whole.plan.map(pieceOf)).toEqual([undefined, 0, 1, 1, 2, 0, 1])
  expect(whole.before).toEqual([{ plugin: 'p', method: 'Leave' }])
  whole.record()
  expect(done).toEqual(['recorded', 'recorded', 'recorded'])
})
