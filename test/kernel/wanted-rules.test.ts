import { expect, it } from 'vitest'
import { CnmError, type PublishPort } from '../../lib/index.ts'
import type { Plan } from '../../lib/model/op.ts'
import { seeded } from '../support/random.ts'
import { must } from '../support/run.ts'
import { Stage } from '../support/stage.ts'
import { Topology } from '../support/topology.ts'

const stage = new Stage()

type Random = (below: number) => number
const pick = <T>(random: Random, list: readonly T[]): T => list[random(list.length)] as T

const BRIDGE = 'com.docker.network.bridge'
const OPTIONS: readonly Record<string, string>[] = [
  {},
  {},
  { [`${BRIDGE}.enable_icc`]: 'false' },
  { [`${BRIDGE}.enable_ip_masquerade`]: 'false' },
  { [`${BRIDGE}.gateway_mode_ipv4`]: 'routed', [`${BRIDGE}.gateway_mode_ipv6`]: 'nat-unprotected' },
  { [`${BRIDGE}.trusted_host_interfaces`]: 'lan0' },
  { 'com.docker.network.host_ipv4': '192.0.2.1' },
]

const NETWORKS = ['a', 'b', 'c', 'd'] as const
const BOXES = ['u', 'v', 'w', 'x', 'y'] as const

const port = (random: Random): PublishPort => ({
  protocol: pick(random, ['tcp', 'udp', 'sctp'] as const),
  hostIP: pick(random, ['', '', '127.0.0.1', '192.0.2.1', '::']),
  hostPort: pick(random, [0, 8000, 8001, 8002, 8003]),
  port: 80 + random(3),
})

/** A verb that may well be refused: what it names is there already, or not there, or in use. */
function verb(random: Random): Promise<unknown> {
  const network = pick(random, NETWORKS)
  const name = pick(random, BOXES)
  const verbs = [
    () =>
      stage.cnm.createNetwork({ name: network, enableIPv6: random(2) === 0, internal: random(5) === 0, options: pick(random, OPTIONS) }),
    () => stage.cnm.removeNetwork(network),
    () => {
      const ports = Array.from({ length: random(4) }, () => port(random))
      return stage.cnm.createSandbox({ name, networks: [{ network, gwPriority: random(3) }], ports })
    },
    () => stage.cnm.connect(name, { network, gwPriority: random(3) }),
    () => stage.cnm.connect(name, { network, gwPriority: random(3) }),
    () => stage.cnm.disconnect(name, network),
    () => stage.cnm.removeSandbox(name),
  ]
  return pick(random, verbs)()
}

/** The rules of a namespace; chains and elements in the order of their names, rules in theirs. */
function rules(netns: string): readonly string[] {
  const { nftables } = JSON.parse(must(['nft', '-j', 'list', 'ruleset'], { netns }))
  return nftables
    .filter((entry: object) => !('metainfo' in entry))
    .map((entry: object) => JSON.stringify(entry, (key, value) => (key === 'handle' ? undefined : key === 'elem' ? sorted(value) : value)))
    .map((line: string, index: number) => (line.startsWith('{"rule"') ? { line, index } : { line, index: 0 }))
    .sort((a: Line, b: Line) =>
      chainOf(a) < chainOf(b) ? -1 : chainOf(a) > chainOf(b) ? 1 : a.index - b.index || (a.line < b.line ? -1 : 1),
    )
    .map(({ line }: Line) => line)
}

interface Line {
  readonly line: string
  readonly index: number
}

const sorted = (elements: unknown): unknown => (Array.isArray(elements) ? elements.map((each) => JSON.stringify(each)).sort() : elements)
const chainOf = ({ line }: Line): string => /^\{"rule".*?"chain":"(\w+)"/.exec(line)?.[1] ?? ''

/** The same rules, from the records alone, where there were none. */
function fromScratch(plan: Plan): readonly string[] {
  using elsewhere = new Topology({ bare: true })
  elsewhere.load(plan)
  return rules(elsewhere.at('host'))
}

const STEPS = 120
const LOOKS = 8

it.each([1, 2, 3])(
  'after any verbs the rules are those that the records alone lead to (%i)',
  async (seed) => {
    const random = seeded(seed)
    const done = { times: 0, rules: 0 }
    for (const name of ['a', 'b']) await stage.cnm.createNetwork({ name, enableIPv6: true })
    for (let step = 1; step <= STEPS; step++) {
      await verb(random).then(
        () => done.times++,
        (error) => expect(error).toBeInstanceOf(CnmError),
      )
      if (step % (STEPS / LOOKS) !== 0) continue
      const wanted = fromScratch((await stage.cnm.plan((dry) => dry.reloadFirewall())).plan)
      expect(rules(stage.lab.host), `after ${step} verbs`).toEqual(wanted)
      done.rules += wanted.length
    }
    // Or it would show little.
    expect(done.times).toBeGreaterThan(STEPS / 6)
    expect(done.rules / LOOKS).toBeGreaterThan(20)
  },
  120_000,
)
