import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { lendUplinks, publish, raiseWall, razeAll, razeWall, rebuild, unpublish } from '../../lib/firewall/firewall.ts'
import { type Plan, undoOf } from '../../lib/model/op.ts'
import type { Opening, Wall } from '../../lib/model/wall.ts'
import { apply, PlanStopped } from '../../lib/netlink/kernel.ts'
import { NetlinkError } from '../../lib/netlink/refusal.ts'
import { must } from '../support/run.ts'
import { Spaces } from '../support/spaces.ts'
import { WALLS } from '../support/topology.ts'

const { front, inner } = WALLS
const strict: Wall = {
  ...front,
  link: 'br*',
  icc: false,
  modes: { 4: 'routed', 6: 'nat-unprotected' },
  subnets: ['10.16.0.0/12', 'fd00:1:2:8::/61'],
  masquerade: { 4: { source: '192.0.2.1' }, 6: { source: '2001:db8::1' } },
  trusted: ['eth0'],
}
const trusting: Wall = { ...strict, link: 'br1', modes: { 4: 'nat', 6: 'nat' } }
const to = { address: '172.18.0.2', port: 80 }
const to6 = { address: 'fd00:18::2', port: 80 }
const openings: readonly Opening[] = [
  { protocol: 'tcp', hostIP: '0.0.0.0', hostPort: 8080, ...to, direct: true },
  { protocol: 'udp', hostIP: '192.0.2.1', hostPort: 53, ...to, direct: false },
  { protocol: 'tcp', hostIP: '::', hostPort: 8080, ...to6, direct: true },
  { protocol: 'sctp', hostIP: '2001:db8::1', hostPort: 65535, ...to6, direct: false },
  { protocol: 'tcp', hostIP: '', hostPort: 0, ...to6, direct: true },
]
const uplinks = [
  { family: 4, names: ['lan0', 'lan*'] },
  { family: 6, names: ['lan0'] },
] as const
const up: Plan = [
  ...raiseWall(front, 'nothing', new Set(), '/run/cnm'),
  ...[inner, strict, trusting].flatMap((wall) => raiseWall(wall, 'walls')),
  ...lendUplinks(uplinks),
  ...publish(openings),
]
const chains = ['leaving4_12', 'leaving4_16', 'leaving6_61', 'leaving6_64']
/** All that the firewall can be asked for, one on top of the other. */
const stages: readonly Plan[] = [
  up,
  [...unpublish(openings.slice(1, 3)), ...razeWall(inner, 'walls')],
  rebuild([front, strict, trusting], uplinks, openings, '/srv/another run'),
  razeAll(chains, 'user rules'),
  [...up, ...undoOf(up)],
]

let spaces: Spaces
beforeEach(async () => {
  spaces = await Spaces.open()
})
afterEach(() => spaces[Symbol.asyncDispose]())

const commandsOf = (plan: Plan) => plan.flatMap((op) => (op.op === 'nft' ? [op.commands] : []))
const refused = { delete: { table: { family: 'inet', name: 'none' } } }

/** In whatever order a set has its elements. */
const rules = (at: 0 | 1): string =>
  must(['nft', 'list', 'ruleset'], { netns: spaces.paths[at] }).replace(/elements = \{([^}]*)\}/g, (_, elements: string) =>
    elements
      .split(',')
      .map((element) => element.trim())
      .sort()
      .join(', '),
  )

it('our own messages make of every plan of the firewall what nft(8) makes of it, and none needs libnftables', async () => {
  const file = join(spaces.folder, 'rules')
  const listed: string[] = []
  for (const stage of stages) {
    for (const commands of commandsOf(stage)) {
      // Only of our own messages it is known which command was refused.
      const { refusal } = await spaces.apply({ op: 'nft', commands: [...commands, refused] })
      expect(refusal).toMatchObject({ errno: -2, request: 'nft', command: commands.length, attribute: 'NFTA_TABLE_NAME' })
      await spaces.do({ op: 'nft', commands })
    }
    writeFileSync(file, JSON.stringify({ nftables: commandsOf(stage).flat() }))
    must(['nft', '-j', '-f', file], { netns: spaces.paths[1] })
    listed.push(rules(0))
    expect(listed.at(-1)).toBe(rules(1))
  }
  expect(listed.map((text) => text.length > 4000)).toEqual([true, true, true, false, false])
  expect(listed.at(-1)).toBe('')
})

it('what is refused is shown alone, with the kernel’s reason; the whole is there to be pasted', async () => {
  await spaces.do(...raiseWall(front, 'nothing'), ...publish(openings.slice(0, 1)))
  const elsewhere = openings.slice(0, 2).map((opening) => ({ ...opening, address: '172.18.0.9' }))
  const stopped = await apply(spaces.netns, publish(elsewhere)).catch((reason) => reason)
  expect(stopped).toBeInstanceOf(PlanStopped)
  const error = stopped.cause
  expect(error).toBeInstanceOf(NetlinkError)
  expect(error.errno).toBe(-17)
  expect(error.message).toContain('add element inet cnm address4_any { tcp . 8080 : 172.18.0.9 }')
  expect(error.message).not.toContain('192.0.2.1')
  expect(error.command).toContain('192.0.2.1')
  must(['nft', 'flush', 'ruleset'], { netns: spaces.paths[0] })
  expect((await spaces.apply(...publish(openings))).refusal).toMatchObject({ errno: -2, request: 'nft', command: 0 })
})

it('as many ports as there are go in one transaction', async () => {
  const many = Array.from(
    { length: 6000 },
    (_, n): Opening => ({ protocol: 'tcp', hostIP: '0.0.0.0', hostPort: n + 1, ...to, direct: false }),
  )
  await spaces.do(...raiseWall(front, 'nothing'), ...publish(many))
  expect(must(['nft', 'list', 'map', 'inet', 'cnm', 'port4_any'], { netns: spaces.paths[0] }).match(/tcp \. /g)).toHaveLength(6000)
  await spaces.do(...unpublish(many))
  expect(must(['nft', 'list', 'map', 'inet', 'cnm', 'port4_any'], { netns: spaces.paths[0] })).not.toContain('tcp')
})
