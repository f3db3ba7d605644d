import { beforeEach, describe, expect, it } from 'vitest'
import type { Json } from '../../lib/model/call.ts'
import { type Call, callsIn } from '../server/recorded.ts'
import { must } from '../support/run.ts'
import { Stage } from '../support/stage.ts'
import { Stubs } from './stub.ts'

// The verbs that a dockerd was told, told to our controller: the plugin is asked the same, in the same order.

const stubs = new Stubs()
const stage = new Stage()
beforeEach(async () => {
  stubs.settle(stage.lab)
  await stubs.start('stubb')
  await stage.reopen({ plugins: stubs.plugins })
})

const create = (name: string, request: object = {}) =>
  stage.cnm.createNetwork({ name, driver: 'stubb', ipam: { driver: 'stubb' }, ...request })
const start = (name: string, network: string, request: object = {}, attachment: object = {}) =>
  stage.cnm.createSandbox({ name, networks: [{ network, ...attachment }], ...request })
const stop = (name: string) => stage.cnm.removeSandbox(name)
const remove = (name: string) => stage.cnm.removeNetwork(name)
const subnets = (...each: readonly string[]) => ({ ipam: { driver: 'stubb', config: each.map((subnet) => ({ subnet })) } })

async function restart(name: string, network: string): Promise<void> {
  await stop(name)
  await start(name, network)
}

async function brief(network: string): Promise<void> {
  await start('job', network)
  await stop('job')
}

/** By the beginning of docker's command. */
const verbs: readonly (readonly [string, () => Promise<unknown>])[] = [
  ['network create -d stubb --ipam-driver stubb snet0', () => create('snet0')],
  ['run -d --name c0 --network snet0', () => start('c0', 'snet0')],
  ['restart -t 0 c0', () => restart('c0', 'snet0')],
  ['stop -t 0 c0', () => stop('c0')],
  ['start c0', () => start('c0', 'snet0')],
  ['rm -f c0', () => stop('c0')],
  [
    'network create -d stubb --ipam-driver stubb --subnet 10.78.0.0/16 --ip-range',
    () => {
      const aux = { DefaultGatewayIPv4: '10.78.0.8', host1: '10.78.0.9' }
      const config = [{ subnet: '10.78.0.0/16', ipRange: '10.78.5.0/24', gateway: '10.78.0.254', auxAddresses: aux }]
      const options = { 'com.example.opt': 'val', parent: 'eth0' }
      return create('snet1', { internal: true, options, ipam: { driver: 'stubb', options: { pool: 'blue' }, config } })
    },
  ],
  [
    'network create -d stubb --ipam-driver stubb --ipv6',
    () => {
      const config = [{ subnet: '10.79.0.0/24' }, { subnet: 'fd79::/64', gateway: 'fd79::1' }]
      return create('snet6', { enableIPv6: true, ipam: { driver: 'stubb', config } })
    },
  ],
  [
    'run -d --name c1',
    () => {
      const ports = [
        { protocol: 'udp', hostIP: '', hostPort: 18081, port: 81 },
        { protocol: 'tcp', hostIP: '', hostPort: 18080, port: 80 },
      ]
      return start('c1', 'snet1', { ports }, { ip: '10.78.5.77', mac: '02:42:aa:bb:cc:dd', aliases: ['al1'] })
    },
  ],
  [
    'network connect --alias al2',
    () => stage.cnm.connect('c1', { network: 'snet6', ip: '10.79.0.44', ip6: 'fd79::44', aliases: ['al2'], options: { do1: 'x' } }),
  ],
  ['network disconnect snet6 c1', () => stage.cnm.disconnect('c1', 'snet6')],
  ['network disconnect -f snet1 c1', () => stage.cnm.disconnect('c1', 'snet1')],
  ['run -d --name c2', () => start('c2', 'snet0', { ports: [{ protocol: 'tcp', hostIP: '', hostPort: 18090, port: 80 }] })],
  ['kill c2', () => stop('c2')],
  ['run --rm --network snet0', () => brief('snet0')],
  ['network create -d stubb --ipam-driver default', () => create('snetd', { ipam: { config: [{ subnet: '10.80.0.0/24' }] } })],
  ['run --rm --network snetd', () => brief('snetd')],
  ['network create -d stubb --ipam-driver null', () => create('snetn', { ipam: { driver: 'null' } })],
  ['run --rm --network snetn', () => brief('snetn')],
  ['network create -d bridge --ipam-driver stubb', () => create('bripam', { driver: 'bridge' })],
  ['run --rm --network bripam', () => brief('bripam')],
  ['network create -d stubb --ipam-driver stubb --subnet 10.78.0.0/16 dup1', () => create('dup1', subnets('10.78.0.0/16'))],
  ['network create -d stubb --ipam-driver stubb --subnet 10.81', () => create('multi', subnets('10.81.0.0/24', '10.82.0.0/24'))],
  ...['dup1', 'multi', 'snet0', 'snet1', 'snet6', 'snetd', 'snetn', 'bripam'].map(
    (name) => [`network rm ${name}`, () => remove(name)] as const,
  ),
]

interface Asked {
  readonly path: string
  readonly request: Json
}

/**
 * What cannot be the same: ids and the addresses of MACs by chance, where namespaces are; aux addresses, which Go gives back in any
 * order. And what is not: dockerd asks for EndpointOperInfo to show it, and tells ports that an image exposes; 20.10 does not say
 * enable_ipv4 as later ones do, leaves ports out where the user gave a MAC, and turns the way out of an internal network on and
 * off, but not at first.
 */
class Eye {
  readonly #names = new Map<string, string>()
  #internal = ''

  seen(calls: readonly Asked[]): readonly string[] {
    const kept = calls.filter((call) => this.#isCompared(call))
    const texts = kept.map(({ path, request }) => `${path} ${JSON.stringify(sorted(this.#masked(path, request)))}`)
    return sortedRuns(texts, (text) => text.startsWith('/IpamDriver.ReleaseAddress'))
  }

  #isCompared({ path, request }: Asked): boolean {
    const { NetworkID: network, Options: options } = (request ?? {}) as Readonly<Record<string, Json>>
    if (path === '/NetworkDriver.CreateNetwork' && (options as object) && 'com.docker.network.internal' in (options as object))
      this.#internal = String(network)
    return !path.endsWith('OperInfo') && !(path.endsWith('ExternalConnectivity') && network === this.#internal)
  }

  #masked(path: string, request: Json): Json {
    const masks: Readonly<Record<string, (value: Json) => Json | undefined>> = {
      NetworkID: (id) => this.#name('network', String(id)),
      EndpointID: (id) => this.#name('endpoint', String(id)),
      SandboxKey: () => 'a namespace',
      'com.docker.network.enable_ipv4': () => undefined,
      'com.docker.network.endpoint.exposedports': () => undefined,
      ...(path.endsWith('CreateEndpoint') ? { 'com.docker.network.portmap': () => undefined } : {}),
    }
    return JSON.parse(JSON.stringify(request, (key, value) => (key in masks ? masks[key]?.(value) : value)))
  }

  #name(kind: string, id: string): string {
    const known = this.#names.get(id) ?? `${kind} ${this.#names.size}`
    this.#names.set(id, known)
    return known
  }
}

function sorted(json: Json): Json {
  if (typeof json !== 'object' || json === null) return json
  if (Array.isArray(json)) return json.map(sorted)
  return Object.fromEntries(
    Object.entries(json)
      .sort()
      .map(([key, value]) => [key, sorted(value)]),
  )
}

/** Neighbours that pass, in their order as text. */
function sortedRuns(texts: readonly string[], passes: (text: string) => boolean): readonly string[] {
  const runs: string[][] = []
  for (const text of texts) {
    const last = runs.at(-1)
    if (last && passes(text) && passes(last[0] ?? '')) last.push(text)
    else runs.push([text])
  }
  return runs.flatMap((run) => run.sort())
}

function byCommand(calls: readonly Call[]): ReadonlyMap<string, readonly Call[]> {
  const groups = new Map<string, Call[]>()
  for (const call of calls) groups.set(call.command, [...(groups.get(call.command) ?? []), call])
  return groups
}

it('is that of a dockerd, verb by verb, word by word', async () => {
  const [theirs, ours] = [new Eye(), new Eye()]
  const commands = [...byCommand(callsIn('local-scope-full'))]
  for (const [command, calls] of commands) {
    const verb = verbs.findLast(([beginning]) => command.startsWith(beginning))?.[1] ?? expect.fail(command)
    await verb()
    const asked = stubs.heard('stubb').map(({ method, request }) => ({ path: `/${method}`, request }))
    expect(ours.seen(asked), command).toEqual(theirs.seen(calls))
  }
  expect(commands.length).toBe(31)
  await stop('c1')
})

describe('when the plugin refuses', () => {
  const sections = new Map<string, Map<string, readonly Call[]>>()
  for (const call of callsIn('local-errors')) {
    const [, driver = ''] = /network create -d (\S+)/.exec(call.command) ?? []
    const section = driver || [...sections.keys()].at(-1) || ''
    if (!sections.has(section)) sections.set(section, new Map())
    const commands = sections.get(section)
    const command = call.command.replace(driver, 'X')
    commands?.set(command, [...(commands.get(command) ?? []), call])
  }
  const methods = [
    ...['CreateNetwork', 'CreateEndpoint', 'Join', 'ProgramExternalConnectivity', 'Leave', 'DeleteEndpoint'],
    'DeleteNetwork',
  ]
    .map((method) => `NetworkDriver.${method}`)
    .concat(['RequestPool', 'RequestAddress', 'ReleaseAddress', 'ReleasePool'].map((method) => `IpamDriver.${method}`))

  it('it is asked the same on the way back', async () => {
    for (const method of methods) {
      const recorded = sections.get(`stubj${method.toLowerCase().replace('.', '')}`) ?? expect.fail(method)
      const touched = [...recorded.values()].flat().filter(({ path }) => path.endsWith('RequestPool')).length > 1
      // In the recording, a link that the refusal of its removal had left behind.
      if (touched) must(['ip', 'route', 'add', '10.77.0.0/24', 'via', '192.0.2.2'], { netns: stage.lab.host })
      stubs.twist('stubb', { refuse: { [method]: 'boom' }, fresh: true })
      await stage.reopen({ plugins: stubs.plugins })
      stubs.heard('stubb')
      const asked: string[] = []
      for (const verb of [() => create('enet'), () => start('ec', 'enet'), () => stop('ec'), () => remove('enet')]) {
        await verb().catch((error) => expect(String(error)).toMatch(/boom|not found|No such/))
        asked.push(...stubs.heard('stubb').map((heard) => heard.method))
      }
      const wanted = [...recorded.values()].flat().map(({ path }) => path.slice(1))
      expect(asked, method).toEqual(wanted.filter((path) => !path.endsWith('OperInfo')))
      if (touched) must(['ip', 'route', 'del', '10.77.0.0/24'], { netns: stage.lab.host })
      must(['sh', '-c', 'for link in $(ip -br link | grep -oE "^(sb|h|c)[0-9a-f]{8}"); do ip link del $link 2>/dev/null; done; true'], {
        netns: stage.lab.host,
      })
    }
  })
})
