import { createServer } from 'node:http'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { PluginClient } from '../../lib/plugins/client.ts'
import { verify } from '../../lib/plugins/verify/verify.ts'
import { dismiss } from '../../lib/server/guests.ts'
import { pluginServer } from '../../lib/server/plugin/plugin.ts'
import { listen } from '../../lib/server/socket.ts'
import { CNM } from '../cli/host.ts'
import { play } from '../cli/play.ts'
import { type Ran, runAsync } from '../support/run.ts'
import { Stage } from '../support/stage.ts'

const stage = new Stage()

type Reply = Readonly<Record<string, unknown>>
/** What becomes of an answer of ours on its way. */
type Twist = (method: string, reply: Reply, asked: Reply) => Reply

/** Our own plugin as `cnm plugin verify` sees it: its answers are twisted, and calls of `lost` never get to it. */
async function verified(twist: Twist, lost: readonly string[] = [], options = { network: 'bridge', ipam: 'default' }): Promise<Ran> {
  const app = pluginServer(stage.cnm, options)
  const server = createServer(async (request, response) => {
    const text = (await request.setEncoding('utf8').toArray()).join('')
    const method = request.url?.slice(1) ?? ''
    const reply = lost.includes(method)
      ? { statusCode: 200, body: '{}' }
      : await app.inject({ method: 'POST', url: `/${method}`, payload: text })
    response.writeHead(reply.statusCode).end(JSON.stringify(twist(method, JSON.parse(reply.body), JSON.parse(text || '{}'))))
  })
  const socket = join(stage.lab.run, '..', 'p.sock')
  await listen(server, socket)
  try {
    return await runAsync([process.execPath, CNM, 'plugin', 'verify', '--quiet', socket], { netns: stage.lab.host })
  } finally {
    await dismiss(server)
  }
}

const plainly: Twist = (_, reply) => reply

describe('cnm plugin verify', () => {
  it('has nothing to say of our own plugin, with IPAM and without', async () => {
    expect(await verified(plainly)).toEqual({ status: 0, stdout: '', stderr: '' })
    const { ipam: _, ...alone } = { network: 'bridge', ipam: 'default' }
    expect(await verified(plainly, [], alone as { network: string; ipam: string })).toEqual({ status: 0, stdout: '', stderr: '' })
  })

  const cases: readonly (readonly [string, Twist, RegExp])[] = [
    [
      'an address without the length of its prefix',
      (method, reply) =>
        method === 'IpamDriver.RequestAddress' ? { ...reply, Address: String(reply['Address']).replace(/\/.*/, '') } : reply,
      /^wrong {2}IpamDriver.RequestAddress: Address is of 172\.18\.0\.0\/16, with the length of its prefix, but it is "172\.18\.0\.1"$/m,
    ],
    [
      'an error that is called a success',
      (method, reply) => (method === 'NetworkDriver.CreateNetwork' ? { Err: 'no' } : reply),
      /^wrong {2}NetworkDriver.CreateNetwork: answers 200 with an error: no$/m,
    ],
    [
      'another address than the one that was given',
      (method, reply) => (method === 'NetworkDriver.CreateEndpoint' ? { Interface: { Address: '10.0.0.9/24' } } : reply),
      /^wrong {2}NetworkDriver.CreateEndpoint: Interface has no address, since it was given one, but it is "10.0.0.9\/24"$/m,
    ],
    [
      'a link that is not there',
      (method, reply) => (method === 'NetworkDriver.Join' ? { ...reply, InterfaceName: { SrcName: 'nowhere', DstPrefix: 'eth' } } : reply),
      /^wrong {2}NetworkDriver.Join: SrcName is a link of this host, but it is "nowhere"$/m,
    ],
    [
      'a gateway with a prefix',
      (method, reply) => (method === 'NetworkDriver.Join' ? { ...reply, Gateway: '172.18.0.1/16' } : reply),
      /^wrong {2}NetworkDriver.Join: Gateway is an address without a prefix, or not said, but it is "172.18.0.1\/16"$/m,
    ],
    [
      'no scope',
      (method, reply) => (method === 'NetworkDriver.GetCapabilities' ? {} : reply),
      /^wrong {2}NetworkDriver.GetCapabilities: Scope is local or global, but it is missing$/m,
    ],
    [
      'one address for all',
      (method, reply, { PoolID }) =>
        method === 'IpamDriver.RequestAddress' ? { Address: String(PoolID).replace(/.*\/(\d+\.\d+)\.0\.0/, '$1.0.1') } : reply,
      /^wrong {2}IpamDriver.RequestAddress: nobody else holds the address, but it is "172.18.0.1\/16"$/m,
    ],
  ]
  it.each(cases)('finds %s', async (_, twist, line) => {
    const { status, stdout } = await verified(twist)
    expect(stdout).toMatch(line)
    expect(status).toBe(1)
    await tidy()
  })

  it('finds a link that is left over', async () => {
    const { status, stdout } = await verified(plainly, ['NetworkDriver.DeleteEndpoint'])
    expect(stdout).toMatch(/^wrong {2}NetworkDriver.DeleteEndpoint: no link is left of the endpoints, but it is \["veth\w+"/m)
    expect(status).toBe(1)
    await tidy()
  })

  it('refuses what is no place and no subnet', async () => {
    const verify = (...argv: readonly string[]) => play(['plugin', 'verify', ...argv], {})
    const hint = 'not a URL (unix:///PATH, tcp, http, https)'
    for (const place of ['http://', 'ftp://x', 'unix://x.sock', 'tcp://127.0.0.1:99999'])
      expect(await verify(place)).toEqual({ status: 1, stdout: '', stderr: `invalid plugin ${place}: ${hint}\n` })
    for (const subnet of ['fd00::/64', '10.0.0.0/30', 'none'])
      expect((await verify('--subnet', subnet, '/x')).stderr).toBe(`invalid subnet ${subnet}: not an IPv4 subnet with three addresses\n`)
  })

  it('says so when nobody is there', async () => {
    const { status, stderr } = await runAsync([process.execPath, CNM, 'plugin', 'verify', '/nowhere.sock'])
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: 'Plugin.Activate: the plugin at unix:///nowhere.sock cannot be reached: connect ENOENT /nowhere.sock\nhint: is it running?\n',
    })
  })
})

describe('whoever is examined', () => {
  /** Answers of a network driver that does nothing, but for what is told. */
  const RIGHT: Reply = {
    'Plugin.Activate': { Implements: ['NetworkDriver'] },
    'NetworkDriver.GetCapabilities': { Scope: 'local' },
    'NetworkDriver.Join': { InterfaceName: { SrcName: 'lo', DstPrefix: 'eth' } },
  }

  /** What is wrong with it, each thing once. No answer is a connection that is cut off. */
  async function wrongOf(told: Reply, print = (reply: unknown) => JSON.stringify(reply)): Promise<readonly string[]> {
    const server = createServer((request, response) => {
      const method = request.url?.slice(1) ?? ''
      const reply = { ...RIGHT, ...told }[method]
      if (reply === undefined && method in told) response.destroy()
      else response.end(print(reply ?? {}))
    })
    const socket = join(stage.lab.run, '..', 'p.sock')
    await listen(server, socket)
    try {
      const found: string[] = []
      const client = new PluginClient({ address: `unix://${socket}` })
      for await (const { verdict, method, what } of verify(client, { subnet: '198.18.111.0/24', options: {} }))
        if (verdict === 'wrong') found.push(`${method}: ${what}`)
      return [...new Set(found)]
    } finally {
      await dismiss(server)
    }
  }

  it('may speak as Go understands it: names in any case, null for nothing, words after the answer', async () => {
    expect(await wrongOf({})).toEqual([])
    const nothing = { Interface: { Address: null, MacAddress: null } }
    const join = { interfacename: { srcname: 'lo', DSTPREFIX: 'eth' }, gateway: null, StaticRoutes: null }
    const said = {
      'Plugin.Activate': { implements: ['NetworkDriver'] },
      'NetworkDriver.CreateEndpoint': nothing,
      'NetworkDriver.Join': join,
    }
    expect(await wrongOf(said)).toEqual([])
    expect(await wrongOf({}, (reply) => `${JSON.stringify(reply)}${JSON.stringify(reply)}`)).toEqual([])
  })

  it('is told of what has another shape', async () => {
    for (const StaticRoutes of [{}, 'abc', 5, [null], [5]])
      expect(await wrongOf({ 'NetworkDriver.Join': { StaticRoutes } })).toEqual([
        `NetworkDriver.Join: StaticRoutes is a list of objects, or not said, but it is ${JSON.stringify(StaticRoutes)}`,
      ])
    expect(await wrongOf({ 'NetworkDriver.CreateEndpoint': { Interface: 'eth0' } })).toEqual([
      'NetworkDriver.CreateEndpoint: Interface is an object, or not said, but it is "eth0"',
    ])
  })

  it('is asked on when it does not answer, so that it can take away what it has', async () => {
    expect(await wrongOf({ 'NetworkDriver.Join': undefined, 'NetworkDriver.DeleteEndpoint': { Err: 'none' } })).toEqual([
      'NetworkDriver.Join: is not answered: socket hang up',
      'NetworkDriver.DeleteEndpoint: answers 200 with an error: none',
    ])
  })
})

/** An examination that ends early leaves what it made to us. */
async function tidy(): Promise<void> {
  const { cnm } = stage
  for (const { id, engine } of cnm.networks()) if (engine) await cnm.asNetworkPlugin('bridge', (plugin) => plugin.deleteNetwork(id))
}
