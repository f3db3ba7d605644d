import { describe, expect, it } from 'vitest'
import { must, run } from '../support/run.ts'
import { Stage } from '../support/stage.ts'
import { ask, serve } from '../support/traffic.ts'

const stage = new Stage()
const host = (...argv: string[]) => must(argv, { netns: stage.lab.host })
/** Without what the kernel notices a moment later: that nothing carries a link. */
const links = () => host('ip', '-o', 'link').replaceAll(/NO-CARRIER,| state \w+/g, '')
const families = [4, 6] as const

/** Bytes a second; a few packets are let through at once, and a few may wait. */
const SLOW = { rate: 1000, burst: 4000, latency: 2 }
const slow = (direction: 'in' | 'out') => ({
  [`cnm.rate.${direction}`]: `${SLOW.rate}bps`,
  [`cnm.rate.${direction}.burst`]: `${SLOW.burst}b`,
  [`cnm.rate.${direction}.latency`]: `${SLOW.latency}s`,
})

const network = (options: Record<string, string> = {}) => stage.cnm.createNetwork({ name: 'net', enableIPv6: true, options })
const sandbox = (name: string, options: Record<string, string> = {}) =>
  stage.cnm.createSandbox({ name, networks: [{ network: 'net', options }] })
const endpointOf = (name: string) => stage.cnm.seats(name)[0]?.endpoint ?? expect.fail()
const addressOf = (name: string, family: 4 | 6) =>
  (family === 4 ? endpointOf(name).address : endpointOf(name).address6)?.split('/')[0] ?? expect.fail()
const linksOf = (name: string) => {
  const short = endpointOf(name).id.slice(0, 7)
  return { veth: `veth${short}`, ifb: `ifb${short}` }
}
type Links = ReturnType<typeof linksOf>
const shaped = (link: string) => {
  const [{ kind, options } = expect.fail()] = JSON.parse(host('tc', '-j', '-r', 'qdisc', 'show', 'dev', link))
  return kind === 'tbf' ? { rate: options.rate * 8, burst: options.burst } : undefined
}

const PACKETS = 100
/** As links count them. */
const SIZE = 1000
const headers = { 4: 14 + 20 + 8, 6: 14 + 40 + 8 }

/** Of so many packets sent at once, how many bytes arrive, and the seconds they had. */
async function flood(from: string, to: string, family: 4 | 6): Promise<{ arrived: number; seconds: number }> {
  const received = () => JSON.parse(must(['ip', '-j', '-s', 'link', 'show', 'dev', 'eth0'], { netns: stage.cnm.sandbox(to).path }))
  const before = received()[0].stats64.rx.bytes
  const start = performance.now()
  const words = ['-q', '-c', PACKETS, '-l', PACKETS, '-s', SIZE - headers[family], '-S', 4 * PACKETS * SIZE, '-w', 1]
  run(['ping', `-${family}`, ...words.map(String), addressOf(to, family)], { netns: stage.cnm.sandbox(from).path })
  const arrived = received()[0].stats64.rx.bytes - before
  return { arrived, seconds: (performance.now() - start) / 1000 }
}

describe.each(families)('packets over IPv%i', (family) => {
  it.each([
    ['to', 'in', 'peer', 'web'],
    ['from', 'out', 'web', 'peer'],
  ] as const)('%s a sandbox with cnm.rate.%s pass at that rate, those the other way freely', async (_, direction, from, to) => {
    await network()
    await sandbox('peer')
    await sandbox('web', slow(direction))
    const { arrived, seconds } = await flood(from, to, family)
    expect(arrived).toBeGreaterThan(SLOW.burst / 2)
    expect(arrived).toBeLessThanOrEqual(SLOW.burst + SLOW.rate * (seconds + SLOW.latency))
    expect((await flood(to, from, family)).arrived).toBeGreaterThanOrEqual(PACKETS * SIZE)
  })
})

it('a connection that is limited both ways works', async () => {
  await network({ 'cnm.rate.in': '10mbit', 'cnm.rate.out': '10mbit' })
  const { path } = await sandbox('web')
  const peer = await sandbox('peer')
  await using _server = await serve(path, 'tcp', '::', 80)
  for (const family of families) expect(await ask(peer.path, 'tcp', addressOf('web', family), 80)).toBe(addressOf('peer', family))
})

describe('limits', () => {
  it('are those of the network, but for what an endpoint says itself', async () => {
    await network({ 'cnm.rate.in': '100Mbit', 'cnm.rate.out': '1.5mbps', 'cnm.rate.out.burst': '16k' })
    await sandbox('plain')
    await sandbox('own', { 'cnm.rate.in': '8gibit', 'cnm.rate.out': 'none' })
    const [plain, own] = [linksOf('plain'), linksOf('own')]
    expect([shaped(plain.veth), shaped(plain.ifb)]).toEqual([
      { rate: 100e6, burst: 125_000 },
      { rate: 12e6, burst: expect.closeTo(16 * 1024, -1) },
    ])
    expect(shaped(own.veth)?.rate).toBe(8 * 2 ** 30)
    expect(run(['ip', 'link', 'show', 'dev', own.ifb], { netns: stage.lab.host }).status).not.toBe(0)
  })

  it('leave room for a packet of the largest size, however slow', async () => {
    await network({ 'cnm.rate.in': '8kbit', 'com.docker.network.driver.mtu': '9000' })
    await sandbox('web')
    expect(shaped(linksOf('web').veth)?.burst).toBeGreaterThanOrEqual(9014)
  })

  it('may be faster than any link', async () => {
    await network({ 'cnm.rate.in': '1000tbit', 'cnm.rate.out': '1000tbit' })
    await sandbox('web')
    expect([shaped(linksOf('web').veth)?.rate, shaped(linksOf('web').ifb)?.rate]).toEqual([1e15, 1e15])
    await sandbox('peer')
    const { arrived } = await flood('peer', 'web', 4)
    expect(arrived).toBeGreaterThanOrEqual(PACKETS * SIZE)
  })

  it('cannot be lifted from inside, and have no address', async () => {
    await network(slow('out'))
    const { path } = await sandbox('web')
    expect(JSON.parse(must(['tc', '-j', 'qdisc', 'show', 'dev', 'eth0'], { netns: path }))).toMatchObject([{ kind: 'noqueue' }])
    expect(host('ip', '-o', 'addr', 'show', 'dev', linksOf('web').ifb)).toBe('')
  })

  it('go with the endpoint, when it leaves and when it cannot come', async () => {
    await network()
    await stage.cnm.createSandbox({ name: 'web', networks: [] })
    const before = links()
    const options = { ...slow('in'), ...slow('out') }
    await stage.cnm.connect('web', { network: 'net', options })
    expect(shaped(linksOf('web').ifb)).toBeDefined()
    await stage.cnm.disconnect('web', 'net')
    await expect.poll(links).toBe(before)
    const sysctls = { 'com.docker.network.endpoint.sysctls': 'net.ipv4.conf.IFNAME.nonsense=1' }
    await expect(stage.cnm.connect('web', { network: 'net', options: { ...options, ...sysctls } })).rejects.toThrow('nonsense')
    await expect.poll(links).toBe(before)
  })

  it('outlive the bridge', async () => {
    await network({ ...slow('in'), ...slow('out') })
    await sandbox('web')
    host('ip', 'link', 'del', `br-${stage.cnm.network('net').id.slice(0, 12)}`)
    await sandbox('peer', { 'cnm.rate.in': 'none', 'cnm.rate.out': 'none' })
    const { arrived, seconds } = await flood('peer', 'web', 4)
    expect(arrived).toBeLessThanOrEqual(SLOW.burst + SLOW.rate * (seconds + SLOW.latency))
    expect((await flood('web', 'peer', 4)).arrived).toBeLessThan(PACKETS * SIZE)
  })

  it.each([
    ['their qdiscs', ({ veth }: Links) => [`qdisc del dev ${veth} root`, `qdisc del dev ${veth} ingress`]],
    ['the link that delays, and one qdisc is another', ({ veth, ifb }: Links) => [`qdisc replace dev ${veth} root htb`, ifb]],
  ])('whose place somebody has taken are found and mended: %s', async (_, gone) => {
    await network({ ...slow('in'), ...slow('out') })
    await sandbox('web')
    await sandbox('peer', { 'cnm.rate.in': 'none', 'cnm.rate.out': 'none' })
    for (const what of gone(linksOf('web'))) {
      if (what.startsWith('qdisc')) host('tc', ...what.split(' '))
      else host('ip', 'link', 'del', what)
    }
    expect((await stage.cnm.findings()).map(({ code, subject }) => `${code} ${subject}`)).toEqual(['SANDBOX_DRIFT sandbox web'])
    expect(await stage.cnm.repair()).toMatchObject({ left: [], errors: [] })
    const { arrived, seconds } = await flood('web', 'peer', 4)
    expect(arrived).toBeGreaterThan(SLOW.burst / 2)
    expect(arrived).toBeLessThanOrEqual(SLOW.burst + SLOW.rate * (seconds + SLOW.latency))
    expect(shaped(linksOf('web').veth)?.rate).toBe(8 * SLOW.rate)
  })

  it('are said by explain', async () => {
    await network({ 'cnm.rate.in': '10mbit', 'cnm.rate.out': '2mbit' })
    await sandbox('web')
    await sandbox('peer', { 'cnm.rate.in': 'none' })
    const hops = await stage.cnm.explain({ from: 'peer', to: 'web' })
    expect(hops).toContainEqual({ where: `link ${linksOf('peer').ifb}`, what: 'at 2 Mbit/s at most', verdict: 'pass' })
    expect(hops).toContainEqual({ where: `link ${linksOf('web').veth}`, what: 'at 10 Mbit/s at most', verdict: 'pass' })
  })
})

describe('refused, and nothing is changed', () => {
  it.each([
    [{ 'cnm.rate.in': 'fast' }, 'failed to parse cnm.rate.in value: fast (expected a rate such as 10mbit or 1.5mbps)'],
    [{ 'cnm.rate.in': '-1mbit' }, 'expected a rate'],
    [{ 'cnm.rate.in': '50%' }, 'expected a rate'],
    [{ 'cnm.rate.in': '7bit' }, 'from 8 to'],
    [{ 'cnm.rate.in': '10mbit ' }, 'expected a rate'],
    [{ 'cnm.rate.in': '99999tbit' }, 'from 8 to'],
    [{ 'cnm.rate.in': '1mbit', 'cnm.rate.in.burst': '1500' }, 'a packet of 1514 bytes would never leave'],
    [{ 'cnm.rate.in': '1mbit', 'cnm.rate.in.burst': '1mbps' }, 'expected a size such as 16kb'],
    [{ 'cnm.rate.in': '1mbit', 'cnm.rate.in.latency': '0' }, 'expected a time such as 50ms'],
    [{ 'cnm.rate.out.burst': '16kb' }, 'there is no cnm.rate.out'],
    [{ 'cnm.rate.out': 'none', 'cnm.rate.out.latency': '1s' }, 'there is no cnm.rate.out'],
    [{ 'cnm.rate.inn': '1mbit' }, 'did you mean cnm.rate.in?'],
  ])('%j', async (options, message) => {
    await network()
    const before = links()
    await expect(sandbox('web', options)).rejects.toMatchObject({ code: 'INVALID_OPTION', message: expect.stringContaining(message) })
    expect(links()).toBe(before)
    expect(stage.cnm.sandboxes()).toEqual([])
  })

  it('of a network too', async () => {
    await expect(network({ 'cnm.rate.out': '1mbit', 'cnm.rate.out.burst': '10' })).rejects.toMatchObject({ code: 'INVALID_OPTION' })
    stage.expectUntouched()
  })
})
