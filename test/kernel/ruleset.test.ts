import { afterEach, beforeEach, expect, it } from 'vitest'
import type { RulesetChange } from '../../binding.d.ts'
import { namespaceAt } from '../../lib/netlink/namespace.ts'
import { rulesetChanges } from '../../lib/netlink/ruleset.ts'
import { must } from '../support/run.ts'
import { Spaces } from '../support/spaces.ts'

let spaces: Spaces
let end: AbortController
beforeEach(async () => {
  spaces = await Spaces.open()
  end = new AbortController()
  nft('add table inet mine { chain one { }; chain two { }; set names { type ifname; }; }; add table ip theirs')
})
afterEach(() => spaces[Symbol.asyncDispose]())

/** Its process. */
const nft = (text: string): number => Number(must(['sh', '-c', 'echo $$; exec nft "$0"', text], { netns: spaces.paths[0] }))

/** What is told of until somebody has added the table `end`. */
async function told(act: () => unknown): Promise<readonly RulesetChange[]> {
  const changes = rulesetChanges(spaces.netns[0] ?? expect.fail(), end.signal)
  const first = changes.next()
  // The kernel thread subscribes first.
  await spaces.do()
  await act()
  nft('add table inet end')
  const transactions: RulesetChange[] = [...((await first).value?.transactions ?? [])]
  while (!transactions.some(({ touched }) => touched.includes('inet end')))
    transactions.push(...((await changes.next()).value?.transactions ?? []))
  await changes.return()
  return transactions.slice(0, -1)
}

it('tells who has changed what', async () => {
  let pid = 0
  expect(
    await told(
      () =>
        (pid = nft('add rule inet mine one tcp dport { 80, 443 } accept; add element inet mine names { "eth0" }; delete table ip theirs')),
    ),
  ).toEqual([{ pid, process: 'nft', own: false, touched: ['inet mine names', 'inet mine one', 'ip theirs'] }])
})

it('a flush is of all that there was', async () => {
  const [{ touched } = expect.fail()] = await told(() => nft('flush ruleset'))
  expect(touched).toEqual(expect.arrayContaining(['inet mine', 'ip theirs']))
})

it('our own are marked, and what changes nothing is not told', async () => {
  const add = { add: { element: { family: 'inet', table: 'mine', name: 'names', elem: ['eth1'] } } }
  const transactions = await told(async () => {
    await spaces.do({ op: 'nft', commands: [add] })
    await spaces.do({ op: 'nft', commands: [add] })
  })
  expect(transactions).toMatchObject([{ own: true, touched: ['inet mine names'] }])
})

it('of another namespace nothing is told', async () => {
  expect(await told(() => spaces.do({ op: 'nft', at: 1, commands: [{ add: { table: { family: 'inet', name: 'far' } } }] }))).toEqual([])
})

it('ends with its signal, and with its namespace', async () => {
  const stopped = rulesetChanges(spaces.netns[0] ?? expect.fail(), end.signal).next()
  await spaces.do()
  end.abort(new Error('enough'))
  await expect(stopped).rejects.toThrow('enough')
  using netns = namespaceAt(spaces.paths[1])
  const over = rulesetChanges(netns, new AbortController().signal).next()
  await spaces.do()
  netns.close()
  expect(await over).toEqual({ done: true, value: undefined })
})
