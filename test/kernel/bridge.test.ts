import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Controller, Network } from '../../lib/index.ts'
import { BEYOND4, BEYOND6, HOST4, HOST6, LAN4, LAN6, Lab } from '../support/lab.ts'
import { must } from '../support/run.ts'
import { pinned, snapshot } from '../support/snapshot.ts'
import { ask, pings, reaches, serve, type Transport } from '../support/traffic.ts'

/** One picture for each family, and both together: two networks with two sandboxes each, a LAN peer, and the world beyond. */
describe.each([
  { name: 'IPv4', v4: true, v6: false },
  { name: 'IPv6', v4: false, v6: true },
  { name: 'dual stack', v4: true, v6: true },
])('bridge networks, $name', ({ v4, v6 }) => {
  const families = [...(v4 ? [4 as const] : []), ...(v6 ? [6 as const] : [])]
  const cases = families.flatMap((family) => (['tcp', 'udp'] as const).map((transport) => ({ family, transport })))
  let lab: Lab
  let cnm: Controller
  let before: Record<string, string>
  const path: Record<string, string> = {}
  const address: Record<string, Record<4 | 6, string>> = {}
  const hostAddress = { 4: HOST4, 6: HOST6 } as const
  const lanAddress = { 4: LAN4, 6: LAN6 } as const
  const beyond = { 4: BEYOND4, 6: BEYOND6 } as const
  const any = v6 ? '::' : '0.0.0.0'
  const servers: AsyncDisposable[] = []
  let front: Network

  beforeAll(async () => {
    lab = new Lab()
    before = snapshot(lab.host)
    cnm = await lab.open()
    front = await cnm.createNetwork({ name: 'front', enableIPv4: v4, enableIPv6: v6 })
    await cnm.createNetwork({ name: 'back', enableIPv4: v4, enableIPv6: v6 })
    for (const [name, network] of [
      ['web', 'front'],
      ['client', 'front'],
      ['db', 'back'],
      ['job', 'back'],
    ] as const) {
      const ports = name === 'web' ? (['tcp', 'udp'] as const).map((protocol) => ({ protocol, hostIP: '', hostPort: 8080, port: 80 })) : []
      const sandbox = await cnm.createSandbox({ name, networks: [{ network }], ports })
      path[name] = sandbox.path
      const endpoint = cnm.seats(name)[0]?.endpoint
      address[name] = { 4: endpoint?.address?.split('/')[0] ?? '', 6: endpoint?.address6?.split('/')[0] ?? '' }
      for (const transport of ['tcp', 'udp'] as const) servers.push(await serve(sandbox.path, transport, any, 80))
    }
    for (const { family, transport } of cases) servers.push(await serve(lab.lan, transport, beyond[family], 7))
  })

  afterAll(async () => {
    for (const server of servers) await server[Symbol.asyncDispose]()
    await cnm?.close()
    await lab?.[Symbol.asyncDispose]()
  })

  const at = (name: string): string => path[name] ?? ''
  const of = (name: string, family: 4 | 6): string => address[name]?.[family] ?? ''

  it.each(families)('IPv%i: sandboxes of one network ping each other and their gateway', async (family) => {
    expect(await reaches(at('client'), of('web', family))).toBe(true)
    expect(await reaches(at('web'), of('client', family))).toBe(true)
    const gateway = front.pools.find((pool) => pool.family === family)?.gateway?.split('/')[0] ?? ''
    expect(await reaches(at('client'), gateway)).toBe(true)
  })

  it.each(cases)('IPv$family $transport: within a network the server sees the client', async ({ family, transport }) => {
    expect(await ask(at('client'), transport, of('web', family), 80)).toBe(of('client', family))
  })

  it.each(families)('IPv%i: nothing passes from one network to the other', async (family) => {
    expect(await pings(at('client'), of('db', family))).toBe(false)
    expect(await ask(at('client'), 'tcp', of('db', family), 80)).toBeNull()
    expect(await ask(at('job'), 'udp', of('web', family), 80)).toBeNull()
  })

  it.each(cases)('IPv$family $transport: a published port answers a LAN peer and sees its address', async ({ family, transport }) => {
    expect(await ask(lab.lan, transport, hostAddress[family], 8080)).toBe(lanAddress[family])
  })

  it.each(cases)('IPv$family $transport: a published port answers the host itself', async ({ family, transport }) => {
    expect(await ask(lab.host, transport, hostAddress[family], 8080)).not.toBeNull()
  })

  it.each(cases)(
    'IPv$family $transport: a published port answers siblings, itself and the other network',
    async ({ family, transport }) => {
      for (const name of ['client', 'web', 'job'])
        expect([name, await ask(at(name), transport, hostAddress[family], 8080)]).not.toContain(null)
    },
  )

  it.each(families.filter((family) => family === 4))('IPv%i: a published port answers the host on 127.0.0.1', async () => {
    for (const transport of ['tcp', 'udp'] satisfies Transport[]) expect(await ask(lab.host, transport, '127.0.0.1', 8080)).not.toBeNull()
  })

  it.each(families.filter((family) => family === 4))(
    'IPv%i: the services on the loopback link of the host stay closed to sandboxes',
    async () => {
      await using _server = await serve(lab.host, 'tcp', '127.0.0.1', 631)
      const gateway = front.pools.find((pool) => pool.family === 4)?.gateway?.split('/')[0] ?? ''
      must(['ip', 'route', 'del', 'local', '127.0.0.0/8', 'dev', 'lo', 'table', 'local'], { netns: at('client') })
      must(['sysctl', '-qw', 'net.ipv4.conf.eth0.route_localnet=1'], { netns: at('client') })
      must(['ip', 'route', 'add', '127.0.0.1/32', 'via', gateway], { netns: at('client') })
      expect(await ask(lab.host, 'tcp', '127.0.0.1', 631)).toBe('127.0.0.1')
      expect(await ask(at('client'), 'tcp', '127.0.0.1', 631)).toBeNull()
    },
  )

  it.each(families)('IPv%i: what was not published is closed to the LAN', async (family) => {
    const pool = front.pools.find((candidate) => candidate.family === family)
    must(['ip', 'route', 'replace', pool?.subnet ?? '', 'via', hostAddress[family]], { netns: lab.lan })
    expect(await pings(lab.lan, of('web', family))).toBe(false)
    expect(await ask(lab.lan, 'tcp', of('web', family), 80)).toBeNull()
    must(['ip', 'route', 'del', pool?.subnet ?? ''], { netns: lab.lan })
  })

  it.each(cases)('IPv$family $transport: the world beyond sees the address of the host', async ({ family, transport }) => {
    expect(await reaches(at('client'), beyond[family])).toBe(true)
    expect(await ask(at('client'), transport, beyond[family], 7)).toBe(hostAddress[family])
  })

  it('leaves the host as it was', async () => {
    for (const server of servers.splice(0)) await server[Symbol.asyncDispose]()
    for (const name of ['web', 'client', 'db', 'job']) await cnm.removeSandbox(name)
    for (const name of ['front', 'back']) await cnm.removeNetwork(name)
    expect(snapshot(lab.host)).toEqual(before)
    expect(pinned(`${lab.run}/netns`)).toEqual([])
  })
})
