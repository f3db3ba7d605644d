import { beforeEach, describe, expect, it } from 'vitest'
import { Engine } from '../server/engine.ts'
import { HOST4, HOST6, LAN4, LAN6 } from '../support/lab.ts'
import { must, runAsync } from '../support/run.ts'
import { Stage } from '../support/stage.ts'
import { serve } from '../support/traffic.ts'

const stage = new Stage()
const udp = [{ protocol: 'udp', hostIP: '', hostPort: 5353, port: 53 }] as const

beforeEach(async () => {
  stage.accept()
  await stage.cnm.createNetwork({ name: 'net', enableIPv6: true })
})

/** Asks from one and the same port, so that the kernel takes it for the same connection; null when nothing answers. */
async function askAgain(to: string): Promise<string | null> {
  const program = `
    const socket = require('node:dgram').createSocket('${to.includes(':') ? 'udp6' : 'udp4'}')
    socket.on('message', (text) => { console.log(String(text)); process.exit(0) }).on('error', () => {})
    socket.bind(40000, () => { for (let i = 0; i < 20; i++) setTimeout(() => socket.send('?', 5353, '${to}'), i * 100) })
    setTimeout(() => process.exit(1), 2500)`
  const { status, stdout } = await runAsync([process.execPath, '-e', program], { netns: stage.lab.lan })
  return status === 0 ? stdout.trim() : null
}

const tracked = () =>
  must(['conntrack', '-L', '-f', 'ipv4'], { netns: stage.lab.host }) + must(['conntrack', '-L', '-f', 'ipv6'], { netns: stage.lab.host })

describe.each([
  { family: 'IPv4', host: HOST4, lan: LAN4 },
  { family: 'IPv6', host: HOST6, lan: LAN6 },
])('a sender of datagrams over $family that does not notice anything', ({ host, lan }) => {
  it('reaches the sandbox that has the port now', async () => {
    const one = await stage.cnm.createSandbox({ name: 'one', networks: [{ network: 'net' }], ports: udp })
    await using _one = await serve(one.path, 'udp', '::', 53)
    expect(await askAgain(host)).toBe(lan)
    await stage.cnm.removeSandbox('one')
    const two = await stage.cnm.createSandbox({ name: 'two', networks: [{ network: 'net' }], ports: udp })
    await using _two = await serve(two.path, 'udp', '::', 53)
    expect(await askAgain(host)).toBe(lan)
  })

  it('reaches a port that was published while it was sending to the host', async () => {
    await askAgain(host)
    const ports = [5352, 5353, 5354].map((hostPort) => ({ ...udp[0], hostPort }))
    const { path } = await stage.cnm.createSandbox({ name: 'late', networks: [{ network: 'net' }], ports })
    await using _server = await serve(path, 'udp', '::', 53)
    expect(await askAgain(host)).toBe(lan)
  })
})

it('nothing is known of an endpoint that is gone', async () => {
  const { path } = await stage.cnm.createSandbox({ name: 'one', networks: [{ network: 'net' }] })
  const { address = '', address6 = '' } = stage.cnm.seats('one')[0]?.endpoint ?? {}
  for (const to of [LAN4, LAN6]) must(['ping', '-c', '1', '-w', '5', to], { netns: path })
  const own = [address, address6].map((cidr) => cidr.replace(/\/.*/, ''))
  for (const to of own) must(['ping', '-c', '1', '-w', '5', to], { netns: stage.lab.host })
  expect(own.every((ip) => tracked().includes(` src=${ip} dst=`) && tracked().includes(` dst=${ip} `))).toBe(true)
  await stage.cnm.disconnect('one', 'net')
  await expect.poll(() => own.filter((ip) => tracked().includes(`=${ip} `))).toEqual([])
})

describe('connections of an endpoint of an engine, when it goes, are forgotten', () => {
  const NetworkID = '5fca37c11bd71a96422ca3d00689858a6dc12ea151050b702192cc1a369e80d8'
  const ids = { NetworkID, EndpointID: '38d71a1d9b24f5e5f844f68d594a9dc93e02b2848dae9fd47252ded0713dc667' }
  const Pool = '10.9.0.0/24'

  it.each([
    { when: 'at once when the engine has its own pools, and may give the address again', lent: false },
    { when: 'behind when it has one of ours, which leaves the address alone for a while', lent: true },
  ])('$when', async ({ lent }) => {
    const engine = new Engine(stage.cnm)
    if (lent) await engine.ask('IpamDriver.RequestPool', { AddressSpace: 'LocalDefault', Pool })
    await engine.ask('NetworkDriver.CreateNetwork', { NetworkID, IPv4Data: [{ Pool, Gateway: '10.9.0.1/24' }] })
    await engine.ask('NetworkDriver.CreateEndpoint', { ...ids, Interface: { Address: '10.9.0.2/24' } })
    const tuple = ['-s', '10.9.0.2', '-d', LAN4, '--sport', '1', '--dport', '2', '-t', '60']
    must(['conntrack', '-I', '-p', 'udp', ...tuple], { netns: stage.lab.host })
    expect(await engine.ask('NetworkDriver.DeleteEndpoint', ids)).toMatchObject({ status: 200 })
    expect(tracked().includes('src=10.9.0.2 ')).toBe(lent)
    await expect.poll(tracked).not.toContain('src=10.9.0.2 ')
    expect(await engine.ask('NetworkDriver.DeleteNetwork', { NetworkID })).toMatchObject({ status: 200 })
  })
})
