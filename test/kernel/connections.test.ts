import { beforeEach, describe, expect, it } from 'vitest'
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
    const { path } = await stage.cnm.createSandbox({ name: 'late', networks: [{ network: 'net' }], ports: udp })
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
