import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Controller } from '../../lib/index.ts'
import { type PluginOptions, pluginServer } from '../../lib/server/plugin/plugin.ts'
import { Lab } from '../support/lab.ts'
import { must } from '../support/run.ts'
import { snapshot } from '../support/snapshot.ts'
import { type Call, callsIn, type Json } from './recorded.ts'

let lab: Lab
let cnm: Controller
beforeEach(async () => {
  lab = new Lab()
  cnm = await lab.open()
})
afterEach(async () => {
  await cnm.close()
  await lab[Symbol.asyncDispose]()
})

/** Plays the daemon: the same calls, with what our answers change in them. */
class Replay {
  readonly refused: string[] = []
  readonly #app: ReturnType<typeof pluginServer>
  /** What the recorded plugin called a pool → what we call it. */
  readonly #pools = new Map<Json, string>()

  constructor(options: PluginOptions) {
    this.#app = pluginServer(cnm, options)
  }

  async play(call: Call): Promise<void> {
    const { statusCode, body } = await this.#app.inject({ method: 'POST', url: call.path, ...this.#payload(call) })
    const reply = JSON.parse(body)
    if (statusCode !== 200) this.refused.push(`${call.command} | ${call.path} | ${statusCode}`)
    else if (call.path === '/IpamDriver.RequestPool') this.#pools.set(field(call.response, 'PoolID'), reply.PoolID)
    if (statusCode === 200) check(call, reply)
  }

  #payload({ path, request, response }: Call) {
    // As Go's client: no Content-Type, a line feed behind, nothing at all where there is nothing to say.
    if (request === null) return {}
    const ours = { ...(request as object) } as Record<string, Json>
    if ('AddressSpace' in ours) ours['AddressSpace'] = 'LocalDefault'
    if ('PoolID' in ours) ours['PoolID'] = this.#pools.get(ours['PoolID'] ?? '') ?? ours['PoolID'] ?? ''
    // The choice that the recorded plugin made is what later calls speak of.
    if (path === '/IpamDriver.RequestPool') ours['Pool'] = field(response, 'Pool')
    if (path === '/IpamDriver.RequestAddress') ours['Address'] = String(field(response, 'Address')).replace(/\/\d+$/, '')
    if ('Options' in ours) ours['Options'] = withoutStrange(ours['Options'] ?? null)
    return { payload: `${JSON.stringify(ours)}\n`, headers: { accept: 'application/vnd.docker.plugins.v1.2+json' } }
  }
}

/** Options that only the recorded plugin knew. */
const STRANGE = ['com.example.opt', 'parent', 'do1']

const withoutStrange = (json: Json): Json => JSON.parse(JSON.stringify(json, (key, value) => (STRANGE.includes(key) ? undefined : value)))

const field = (json: Json, key: string): Json => (json as Readonly<Record<string, Json>>)[key] ?? null

/** What the daemon makes use of. */
function check({ path, response }: Call, reply: Readonly<Record<string, Json>>): void {
  switch (path) {
    case '/Plugin.Activate':
    case '/IpamDriver.RequestAddress':
      for (const key of ['Implements', 'Address']) expect(reply[key] ?? null).toEqual(field(response, key))
      break
    case '/NetworkDriver.GetCapabilities':
      expect(reply).toMatchObject({ Scope: 'local', ConnectivityScope: 'local' })
      break
    case '/IpamDriver.RequestPool':
      expect(reply).toMatchObject({ PoolID: expect.any(String), Pool: field(response, 'Pool') })
      break
    case '/NetworkDriver.CreateEndpoint':
      expect(reply).toEqual(
        'MacAddress' in ((field(response, 'Interface') ?? {}) as object)
          ? { Interface: { MacAddress: expect.stringMatching(/^02(:[0-9a-f]{2}){5}$/) } }
          : {},
      )
      break
    case '/NetworkDriver.Join': {
      const name = String(field(reply['InterfaceName'] ?? null, 'SrcName'))
      expect(must(['ip', '-o', 'link', 'show', 'dev', name], { netns: lab.host })).toContain('veth')
      expect(reply).toMatchObject({ InterfaceName: { DstPrefix: 'eth' }, StaticRoutes: [], DisableGatewayService: true })
    }
  }
}

/** What the recorded plugin let pass, and the built-in bridge and IPAM do not. */
const REFUSED: Readonly<Record<string, readonly string[]>> = {
  'local-scope-full': [
    'network create -d stubb --ipam-driver null snetn | /NetworkDriver.CreateNetwork | 400',
    'run --rm --network snetn tiny:1 ip addr | /NetworkDriver.CreateEndpoint | 404',
    'run --rm --network snetn tiny:1 ip addr | /NetworkDriver.Join | 404',
    'run --rm --network snetn tiny:1 ip addr | /NetworkDriver.Leave | 404',
    'run --rm --network snetn tiny:1 ip addr | /NetworkDriver.DeleteEndpoint | 404',
    'network create -d stubb --ipam-driver stubb --subnet 10.78.0.0/16 dup1 | /IpamDriver.RequestPool | 403',
    'network create -d stubb --ipam-driver stubb --subnet 10.78.0.0/16 dup1 | /IpamDriver.RequestAddress | 404',
    'network create -d stubb --ipam-driver stubb --subnet 10.78.0.0/16 dup1 | /NetworkDriver.CreateNetwork | 403',
    'network rm dup1 | /IpamDriver.ReleaseAddress | 404',
    'network rm dup1 | /IpamDriver.ReleasePool | 404',
    'network rm dup1 | /NetworkDriver.DeleteNetwork | 404',
    'network rm snetn | /NetworkDriver.DeleteNetwork | 404',
  ],
}

const NETWORK = { network: 'bridge' }
const BOTH = { ...NETWORK, ipam: 'default' }

it.each([
  ['local-scope-full', BOTH],
  ['local-dockerd-kill9', BOTH],
  ['local-live-restore', BOTH],
  ['local-netdriver-only', NETWORK],
] as const)('answers what a dockerd asked, and leaves nothing: %s', async (name, options) => {
  const before = snapshot(lab.host)
  const replay = new Replay(options)
  for (const call of callsIn(name)) await replay.play(call)
  expect(replay.refused).toEqual(REFUSED[name] ?? [])
  expect(snapshot(lab.host)).toEqual(before)
  expect(
    cnm
      .networks()
      .map((network) => network.name)
      .sort(),
  ).toEqual(['bridge', 'host', 'none'])
})
