import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { lendUplinks, publish, raiseWall, razeWall, rebuild, unpublish } from '../../lib/firewall/firewall.ts'
import { type Plan, undoOf } from '../../lib/model/op.ts'
import { printPlan } from '../../lib/model/print.ts'
import type { Opening, Wall } from '../../lib/model/wall.ts'
import { paste } from '../support/paste.ts'
import { Topology, WALLS } from '../support/topology.ts'

const { front, inner } = WALLS

const openings: readonly Opening[] = [
  { protocol: 'tcp', hostIP: '0.0.0.0', hostPort: 8080, address: '172.18.0.2', port: 80, direct: false },
  { protocol: 'udp', hostIP: '192.0.2.1', hostPort: 53, address: '172.18.0.3', port: 5353, direct: false },
  { protocol: 'tcp', hostIP: '::', hostPort: 8080, address: 'fd00:18::2', port: 80, direct: false },
  { protocol: 'sctp', hostIP: '2001:db8::1', hostPort: 99, address: 'fd00:18::2', port: 9, direct: false },
]
const strict: Wall = {
  ...front,
  icc: false,
  modes: { 4: 'routed', 6: 'nat-unprotected' },
  masquerade: { 6: { source: '2001:db8::1' } },
  trusted: ['eth0'],
}
const [first] = openings as readonly [Opening, ...Opening[]]

const everything: Plan = [
  ...raiseWall(front, 'nothing', new Set(), '/run/cnm'),
  ...raiseWall(inner, 'walls'),
  ...lendUplinks([
    { family: 4, names: ['lan0'] },
    { family: 6, names: ['lan0'] },
  ]),
  ...publish(openings),
]

let host: Topology
beforeEach(() => {
  host = new Topology({ bare: true })
})
afterEach(() => {
  host[Symbol.dispose]()
})

const commandsOf = (plan: Plan) => plan.flatMap((op) => (op.op === 'nft' ? op.commands : []))

describe('nft takes our rules', () => {
  it('and lists them as they were meant', async () => {
    host.load(everything)
    await expect(host.rules()).toMatchFileSnapshot('../plans/firewall.nft')
  })

  it.each([
    ['everything', everything],
    ['a wall less', [...everything, ...razeWall(inner, 'walls')]],
    ['a port less', [...everything, ...unpublish(openings.slice(0, 2))]],
    ['rules anew', [...everything, ...rebuild([front, strict], [{ family: 4, names: ['lan0'] }], openings)]],
    ['a wall of every kind', [...raiseWall(strict, 'nothing'), ...publish(openings.map((opening) => ({ ...opening, direct: true })))]],
    ['only the operator’s rules', [...everything, ...razeWall(front, 'walls'), ...razeWall(inner, 'user rules')]],
    ['a link with an asterisk', raiseWall({ ...front, link: 'br*' }, 'nothing')],
  ])('the same from printed text: %s', (_, plan) => {
    host.load(plan)
    const listed = host.rules()
    host.load(razeWall(front, 'nothing'))
    expect(host.rules()).toBe('')
    paste(printPlan(plan), { netns: host.at('host') })
    expect(host.rules()).toBe(listed)
  })

  it('a link whose name ends in an asterisk is that link only', () => {
    host.load(raiseWall({ ...front, link: 'br*' }, 'nothing'))
    expect(host.rules()).toContain('elements = { "br*" . "br*" }')
  })
})

describe('every step', () => {
  it('may be repeated', () => {
    host.load(everything)
    const listed = host.rules()
    host.load(everything)
    expect(host.rules()).toBe(listed)
  })

  it('leaves no trace when it is taken back', () => {
    host.load(everything)
    host.load(undoOf(everything))
    expect(host.rules()).toBe('')
  })

  it('is taken back to what was there before', () => {
    host.load(raiseWall(front, 'nothing'))
    const listed = host.rules()
    const more = [...raiseWall(inner, 'walls'), ...publish(openings)]
    host.load(more)
    host.load(undoOf(more))
    expect(host.rules()).toBe(listed)
    // Again, as after a crash: nobody knows how far it got.
    host.load(undoOf(more))
    expect(host.rules()).toBe(listed)
  })

  it('leaves what others have alone', () => {
    const foreign = 'table ip theirs {\n\tchain forward {\n\t\ttype filter hook forward priority filter; policy drop;\n\t}\n}\n'
    host.nft(foreign)
    host.load(everything)
    expect(host.rules()).toContain(foreign)
    host.load(razeWall(front, 'nothing'))
    expect(host.rules()).toBe(foreign)
  })
})

describe('the operator’s rules', () => {
  const mine = 'add rule inet cnm user tcp dport 22 accept'

  it('are all that is left where they are, and nothing is where there are none', () => {
    host.load(raiseWall(front, 'nothing'))
    host.nft(mine)
    host.load(razeWall(front, 'user rules'))
    expect(host.rules()).toBe('table inet cnm {\n\tchain user {\n\t\ttcp dport 22 accept\n\t}\n}\n')
    host.load(razeWall(front, 'nothing'))
    expect(host.rules()).toBe('')
  })

  it('are not touched by rules anew', () => {
    host.load(everything)
    host.nft(mine)
    const listed = host.rules()
    host.load(
      rebuild(
        [front, inner],
        [4, 6].map((family) => ({ family: family as 4 | 6, names: ['lan0'] })),
        openings,
        '/run/cnm',
      ),
    )
    expect(host.rules()).toBe(listed)
  })
})

describe('a port that leads elsewhere', () => {
  const elsewhere: readonly Opening[] = [
    { ...first, address: '172.18.0.9' },
    { ...first, port: 81 },
  ]

  it.each(elsewhere)('is refused, and nothing of the transaction is done: %o', (opening) => {
    host.load(everything)
    const listed = host.rules()
    const another: Opening = { ...first, hostPort: 9999 }
    const { status, stderr } = host.tryLoad(commandsOf(publish([another, opening])))
    expect(status).toBe(1)
    expect(stderr).toContain('File exists')
    expect(host.rules()).toBe(listed)
  })

  it.each(elsewhere)('is not unpublished: %o', (opening) => {
    host.load(everything)
    const listed = host.rules()
    expect(host.tryLoad(commandsOf(unpublish([opening]))).stderr).toContain('File exists')
    expect(host.rules()).toBe(listed)
  })
})

it('without a wall nothing can be published', () => {
  expect(host.tryLoad(commandsOf(publish(openings))).stderr).toContain('No such file or directory')
  expect(host.rules()).toBe('')
})
