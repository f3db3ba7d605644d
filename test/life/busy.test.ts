import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { apply } from '../../lib/netlink/kernel.ts'
import { start } from '../support/run.ts'
import { Spaces } from '../support/spaces.ts'

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n)

it('the event loop goes round while a plan waits behind somebody else who holds RTNL', async () => {
  await using spaces = await Spaces.open()
  const batch = join(spaces.folder, 'batch')
  // Links that are deleted all at once, for which RTNL is held all the time.
  const links = [...numbers(200).map((n) => `link add v${n} group 9 type veth peer name w${n} group 9`), 'link del group 9']
  writeFileSync(
    batch,
    `${numbers(200)
      .flatMap(() => links)
      .join('\n')}\n`,
  )
  await using _busy = await start(['sh', '-c', `echo ready; exec ip -batch ${batch}`], { netns: spaces.paths[1] })
  let isPending = true
  let turns = 0
  const turn = () => {
    turns++
    if (isPending) setImmediate(turn)
  }
  setImmediate(turn)
  const { done } = await apply(
    spaces.netns,
    numbers(100).map((n) => ({ op: 'link.add', name: `b${n}`, kind: 'bridge' })),
  )
  isPending = false
  expect(done).toBe(100)
  expect(turns).toBeGreaterThan(100)
  expect(spaces.look(0, 'ip', '-j', 'link').length).toBe(101)
})
