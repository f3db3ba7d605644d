import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeEach, describe, expect, it } from 'vitest'
import type { IpamDriver, Options } from '../../lib/index.ts'
import { createDefaultIpam } from '../../lib/ipam/default.ts'
import { GATEWAY_REQUEST } from '../../lib/ipam/driver.ts'
import { networkToEngine } from '../../lib/model/engine.ts'
import { BEYOND4, BEYOND6, LAN4, Lab } from '../support/lab.ts'
import { must, run } from '../support/run.ts'
import { Stage } from '../support/stage.ts'
import { pings, reaches } from '../support/traffic.ts'

const stage = new Stage()

const ip = (...argv: readonly string[]) => must(['ip', ...argv], { netns: stage.lab.host })
const subnetOf = (network: string): string => stage.cnm.network(network).pools[0]?.subnet ?? ''
const addressOf = (sandbox: string): string => stage.cnm.seats(sandbox)[0]?.endpoint.address ?? ''
const on = (network: string, more: object = {}) => ({ networks: [{ network, ...more }] })

describe('several subnets on one bridge', () => {
  const config = [
    { subnet: '10.1.0.0/29' },
    { subnet: '10.2.0.0/24', gateway: '10.2.0.254' },
    { subnet: 'fd00:1::/125', gateway: 'fd00:1::7' },
    { subnet: 'fd00:2::/64' },
  ]
  const routes = (netns: string, family: string) => must(['ip', family, 'route', 'show', 'default'], { netns })

  it('each endpoint reaches the gateway of its own, the other one’s, the neighbour, and the world', async () => {
    await stage.cnm.createNetwork({ name: 'two', enableIPv6: true, ipam: { config } })
    const low = await stage.cnm.createSandbox({ name: 'low', ...on('two', { ip: '10.1.0.5', ip6: 'fd00:1::5' }) })
    const high = await stage.cnm.createSandbox({ name: 'high', ...on('two', { ip: '10.2.0.5', ip6: 'fd00:2::5' }) })
    expect([low, high].map(({ path }) => routes(path, '-4'))).toEqual([
      expect.stringContaining('via 10.1.0.1 '),
      expect.stringContaining('via 10.2.0.254 '),
    ])
    expect([low, high].map(({ path }) => routes(path, '-6'))).toEqual([
      expect.stringContaining('via fd00:1::7 '),
      expect.stringContaining('via fd00:2::1 '),
    ])
    for (const { path } of [low, high]) {
      for (const address of ['10.1.0.1', '10.2.0.254', 'fd00:1::7', 'fd00:2::1', BEYOND4, BEYOND6])
        expect([address, await pings(path, address)]).toEqual([address, true])
    }
    for (const address of ['10.2.0.5', 'fd00:2::5']) expect(await reaches(low.path, address)).toBe(true)
    for (const address of ['10.1.0.5', 'fd00:1::5']) expect(await reaches(high.path, address)).toBe(true)
  })

  it('the next is used when one is full; when all are, the error says who has them', async () => {
    const pair = [{ subnet: '10.1.0.0/30' }, { subnet: '10.2.0.0/30', auxAddresses: { nas: '10.2.0.2' } }, { subnet: '10.3.0.0/30' }]
    await stage.cnm.createNetwork({ name: 'web', ipam: { config: pair } })
    for (const name of ['a', 'b']) await stage.cnm.createSandbox({ name, ...on('web') })
    expect(['a', 'b'].map(addressOf)).toEqual(['10.1.0.2/30', '10.3.0.2/30'])
    const { id } = stage.cnm.network('web')
    await expect(stage.cnm.createSandbox(on('web'))).rejects.toMatchObject({
      code: 'ADDRESSES_EXHAUSTED',
      message: `no available IPv4 addresses on this network's address pools: web (${id})`,
      remedy:
        'cnm network disconnect web SANDBOX; held: 10.1.0.2 (sandbox a), 10.3.0.2 (sandbox b), 10.1.0.1 (the gateway), ' +
        '10.2.0.1 (the gateway), 10.2.0.2 (the auxiliary address nas), 10.3.0.1 (the gateway)',
    })
  })
})

describe('an automatic subnet', () => {
  it('goes round what the host is on and has routes to, in any table', async () => {
    ip('addr', 'add', '172.18.5.1/24', 'dev', 'lan0')
    ip('route', 'add', '172.19.0.0/16', 'via', LAN4)
    ip('route', 'add', '172.20.7.0/24', 'dev', 'lan0', 'table', '100')
    ip('route', 'add', 'blackhole', '172.21.0.0/16')
    stage.accept()
    await stage.cnm.createNetwork({ name: 'web' })
    expect(subnetOf('web')).toBe('172.22.0.0/16')
    const { path } = await stage.cnm.createSandbox(on('web'))
    expect(await reaches(path, BEYOND4)).toBe(true)
  })

  it.each([
    ['a tunnel for everything', ['0.0.0.0/1', '128.0.0.0/1'], '172.18.0.0/16'],
    ['a tunnel for all private prefixes', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'], '10.192.0.0/24'],
    ['one for some', ['172.16.0.0/12'], '192.168.0.0/20'],
  ])('is there beside %s', async (_, routes, expected) => {
    for (const route of routes) ip('route', 'add', route, 'via', LAN4)
    stage.accept()
    await stage.cnm.createNetwork({ name: 'web' })
    expect(subnetOf('web')).toBe(expected)
    const { path } = await stage.cnm.createSandbox(on('web'))
    expect(await reaches(path, BEYOND4)).toBe(true)
  })

  it('never is where the host itself is, and then the error says so', async () => {
    await stage.reopen({ defaultAddressPools: [{ base: '10.77.0.0/16', size: 16 }] })
    ip('addr', 'add', '10.77.9.1/24', 'dev', 'lan0')
    ip('route', 'add', '10.77.0.0/16', 'via', LAN4)
    stage.accept()
    await expect(stage.cnm.createNetwork({ name: 'web' })).rejects.toMatchObject({
      code: 'POOLS_EXHAUSTED',
      remedy: expect.stringContaining('held: 10.77.0.0/16 (a route through lan0), 10.77.9.0/24 (a route through lan0)'),
    })
  })

  it('comes from the pools that the program or the environment names', async () => {
    await stage.reopen({ defaultAddressPools: [{ base: '10.77.0.0/16', size: 24 }] })
    await stage.cnm.createNetwork({ name: 'web', enableIPv6: true })
    expect(stage.cnm.network('web').pools.map(({ subnet }) => subnet)).toEqual(['10.77.0.0/24', expect.stringMatching(/^fd.*::\/64$/)])
    process.env['CNM_DEFAULT_ADDRESS_POOLS'] = 'base=10.78.0.0/16,size=26 base=fd00:78::/48,size=64'
    try {
      await stage.reopen()
      await stage.cnm.createNetwork({ name: 'back', enableIPv6: true, ipam: { config: [{ subnet: '0.0.0.0/28' }, { subnet: '::/80' }] } })
      await stage.cnm.createNetwork({ name: 'side' })
      expect(stage.cnm.network('back').pools.map(({ subnet }) => subnet)).toEqual(['10.78.0.0/28', 'fd00:78::/80'])
      expect(subnetOf('side')).toBe('10.78.0.64/26')
      process.env['CNM_DEFAULT_ADDRESS_POOLS'] = '10.78.0.0/16'
      await stage.reopen()
      await expect(stage.cnm.createNetwork({ name: 'more' })).rejects.toMatchObject({ code: 'POOL_INVALID' })
      await stage.cnm.createNetwork({ name: 'more', ipam: { config: [{ subnet: '10.79.0.0/24' }] } })
      await stage.cnm.removeNetwork('more')
      await expect(stage.reopen({ defaultAddressPools: [{ base: '10.78.0.0/16', size: 8 }] })).rejects.toMatchObject({
        code: 'POOL_INVALID',
      })
    } finally {
      delete process.env['CNM_DEFAULT_ADDRESS_POOLS']
    }
    await stage.reopen()
  })
})

describe('an address that is reserved', () => {
  const config = [
    { subnet: '10.1.0.0/29', reservations: { db: '10.1.0.2' } },
    { subnet: 'fd00:1::/64', reservations: { db: 'fd00:1::2' } },
  ]

  it('is for the sandbox of that name, whoever comes first, before and after a restart', async () => {
    await stage.cnm.createNetwork({ name: 'web', enableIPv6: true, ipam: { config } })
    await stage.cnm.createSandbox({ name: 'first', ...on('web') })
    expect(addressOf('first')).toBe('10.1.0.3/29')
    const expectKept = () =>
      expect(stage.cnm.createSandbox({ name: 'thief', ...on('web', { ip: '10.1.0.2' }) })).rejects.toMatchObject({
        code: 'ADDRESS_IN_USE',
        remedy: '10.1.0.2 is held by the reservation for sandbox db on network web',
      })
    for (let round = 0; round < 2; round++) {
      await expectKept()
      const { path } = await stage.cnm.createSandbox({ name: 'db', ...on('web', round === 0 ? {} : { ip6: 'fd00:1:0::2' }) })
      expect(must(['ip', '-br', 'addr', 'show', 'eth0'], { netns: path })).toMatch(/ 10\.1\.0\.2\/29 fd00:1::2\/64 /)
      expect(await reaches(path, '10.1.0.3')).toBe(true)
      await stage.cnm.removeSandbox('db')
      await expectKept()
      await stage.reopen()
    }
  })

  it('is not the gateway’s, nor outside, nor without a subnet: said at once', async () => {
    const refused = (reservations: Options, subnet: object = { subnet: '10.1.0.0/29' }) =>
      expect(stage.cnm.createNetwork({ name: 'web', ipam: { config: [{ ...subnet, reservations }] } })).rejects
    await refused({ db: '10.1.0.1' }).toMatchObject({
      code: 'ADDRESS_IN_USE',
      remedy: '10.1.0.1 is held by the gateway of this network, which --gateway chooses',
    })
    const range = { subnet: '10.1.0.0/29', gateway: '10.1.0.5', auxAddresses: { nas: '10.1.0.6' } }
    await refused({ db: '10.1.0.5' }, range).toMatchObject({ remedy: '10.1.0.5 is held by the gateway of this network' })
    await refused({ db: '10.1.0.6' }, range).toMatchObject({ remedy: '10.1.0.6 is held by the auxiliary address nas of this network' })
    await refused({}, { subnet: '10.1.0.0/29', gateway: '10.1.0.7' }).toMatchObject({
      code: 'GATEWAY_FAILED',
      remedy: '10.1.0.7 is held by the subnet itself (broadcast address)',
    })
    await refused({ db: '10.1.0.9' }).toMatchObject({ message: expect.stringContaining('invalid address reserved for db: parent subnet') })
    await refused({ db: '10.1.0.9' }, {}).toMatchObject({ code: 'INVALID_NETWORK_CONFIG' })
    await stage.cnm.createNetwork({ name: 'web', ipam: { config: [{ subnet: '10.1.0.0/29' }] } })
  })

  it.each(['constructor', 'toString'])('is none of a sandbox called %s, where nobody has made one', async (name) => {
    await stage.cnm.createNetwork({ name: 'web', ipam: { config: config.slice(0, 1) } })
    await stage.cnm.createSandbox({ name: 'first', ...on('web') })
    const { path } = await stage.cnm.createSandbox({ name, ...on('web') })
    expect(addressOf(name)).toBe('10.1.0.4/29')
    expect(await reaches(path, '10.1.0.3')).toBe(true)
    await expect(stage.cnm.unreserve('web', name)).rejects.toMatchObject({ code: 'RESERVATION_NOT_FOUND' })
    await stage.cnm.reserve('web', name, '10.1.0.6')
    expect(stage.cnm.network('web').pools[0]?.reservations).toEqual({ db: '10.1.0.2', [name]: '10.1.0.6' })
  })

  it('may be another than the sandbox asks for', async () => {
    await stage.cnm.createNetwork({ name: 'web', ipam: { config: config.slice(0, 1) } })
    await stage.cnm.createSandbox({ name: 'db', ...on('web', { ip: '10.1.0.6' }) })
    expect(addressOf('db')).toBe('10.1.0.6/29')
    await stage.cnm.removeSandbox('db')
    await stage.cnm.createSandbox({ name: 'db', ...on('web') })
    expect(addressOf('db')).toBe('10.1.0.2/29')
  })
})

describe('a reservation that comes later', () => {
  const kept = () => stage.cnm.network('web').pools.map(({ reservations }) => reservations)

  beforeEach(async () => {
    await stage.cnm.createNetwork({
      name: 'web',
      enableIPv6: true,
      ipam: { config: [{ subnet: '10.1.0.0/29' }, { subnet: 'fd00:1::/64' }] },
    })
  })

  it('holds at once and for the next controller, also for a sandbox that is there, and ends when it is taken back', async () => {
    await stage.cnm.createSandbox({ name: 'db', ...on('web') })
    await stage.cnm.reserve('web', 'db', '10.1.0.2')
    await stage.cnm.reserve('web', 'db', '10.1.0.2')
    await stage.cnm.reserve('web', 'db', 'fd00:1::77')
    expect(kept()).toEqual([{ db: '10.1.0.2' }, { db: 'fd00:1::77' }])
    await stage.cnm.removeSandbox('db')
    await stage.reopen()
    await expect(stage.cnm.createSandbox(on('web', { ip6: 'fd00:1::77' }))).rejects.toMatchObject({ code: 'ADDRESS_IN_USE' })
    const { path } = await stage.cnm.createSandbox({ name: 'db', ...on('web') })
    expect(must(['ip', '-br', 'addr', 'show', 'eth0'], { netns: path })).toMatch(/ 10\.1\.0\.2\/29 fd00:1::77\/64 /)

    await stage.cnm.unreserve('web', 'db')
    await expect(stage.cnm.createSandbox(on('web', { ip: '10.1.0.2' }))).rejects.toMatchObject({
      remedy: '10.1.0.2 is held by sandbox db on network web',
    })
    await stage.cnm.removeSandbox('db')
    await stage.cnm.createSandbox({ name: 'heir', ...on('web', { ip: '10.1.0.2', ip6: 'fd00:1::77' }) })
    await expect(stage.cnm.unreserve('web', 'db')).rejects.toMatchObject({ code: 'RESERVATION_NOT_FOUND' })
  })

  it('takes the place of the one before, and that is free', async () => {
    await stage.cnm.reserve('web', 'db', '10.1.0.2')
    await stage.cnm.reserve('web', 'db', '10.1.0.3')
    await stage.cnm.createSandbox({ name: 'other', ...on('web', { ip: '10.1.0.2' }) })
    await stage.cnm.unreserve('web', 'db')
    await stage.cnm.createSandbox({ name: 'third', ...on('web', { ip: '10.1.0.3' }) })
    expect(kept()).toEqual([{}, undefined])
  })

  it('is refused where it cannot be, and a planned one leaves nothing behind', async () => {
    await stage.cnm.createSandbox({ name: 'a', ...on('web') })
    await expect(stage.cnm.reserve('web', 'db', '10.1.0.2')).rejects.toMatchObject({
      remedy: '10.1.0.2 is held by sandbox a on network web',
    })
    await expect(stage.cnm.reserve('web', 'db', '10.2.0.2')).rejects.toMatchObject({ code: 'ADDRESS_OUTSIDE' })
    await expect(stage.cnm.reserve('web', 'db', 'ten')).rejects.toMatchObject({ code: 'INVALID_ENDPOINT_SETTINGS' })
    await stage.cnm.plan((dry) => dry.reserve('web', 'db', '10.1.0.3'))
    expect(kept()).toEqual([undefined, undefined])
    await stage.cnm.createSandbox({ name: 'b', ...on('web') })
    expect(addressOf('b')).toBe('10.1.0.3/29')
  })
})

describe('an address that was released', () => {
  it('is not given to the next sandbox, nor by the next controller, but to who asks for it', async () => {
    await stage.cnm.createNetwork({ name: 'web', ipam: { config: [{ subnet: '10.1.0.0/29' }] } })
    for (const name of ['a', 'b', 'c', 'd', 'e']) await stage.cnm.createSandbox({ name, ...on('web') })
    for (const name of ['c', 'a']) await stage.cnm.removeSandbox(name)
    await stage.reopen()
    await stage.cnm.createSandbox({ name: 'next', ...on('web') })
    expect(addressOf('next')).toBe('10.1.0.4/29')
    await stage.cnm.createSandbox({ name: 'again', ...on('web', { ip: '10.1.0.2' }) })
    expect(addressOf('again')).toBe('10.1.0.2/29')
  })
})

describe('an address of a verb that was only planned, or failed', () => {
  it('is given to the next', async () => {
    await stage.cnm.createNetwork({ name: 'web', ipam: { config: [{ subnet: '10.1.0.0/24' }] } })
    const { text } = await stage.cnm.plan((dry) => dry.createSandbox({ name: 's', ...on('web') }))
    expect(text).toContain('ip addr add 10.1.0.2/24 dev eth0')
    await expect(stage.cnm.createSandbox({ name: 's', networks: [{ network: 'web' }, { network: 'nowhere' }] })).rejects.toThrow()
    await expect(
      stage.cnm.createSandbox(on('web', { options: { 'com.docker.network.endpoint.ifname': 'no name' } })),
    ).rejects.toMatchObject({ code: 'INVALID_OPTION' })
    await stage.cnm.createSandbox({ name: 's', ...on('web') })
    expect(addressOf('s')).toBe('10.1.0.2/24')
  })
})

describe('the usage of a network', () => {
  it('is what Docker’s inspect shows: the subnet’s own, the gateway and endpoints in use; the range available', async () => {
    const config = [{ subnet: '10.1.0.0/24', ipRange: '10.1.0.128/25', gateway: '10.1.0.1', auxAddresses: { nas: '10.1.0.200' } }]
    await stage.cnm.createNetwork({ name: 'web', enableIPv6: true, ipam: { config: [...config, { subnet: 'fd00:1::/64' }] } })
    await stage.cnm.createSandbox({ name: 's', ...on('web') })
    await stage.cnm.createSandbox({ name: 'gone', ...on('web') })
    await stage.cnm.removeSandbox('gone')
    await stage.reopen()
    const { Status } = networkToEngine(stage.cnm.network('web'), stage.cnm.guests('web'), await stage.cnm.usage('web'))
    expect(Status?.IPAM?.Subnets).toEqual({
      '10.1.0.0/24': { IPsInUse: 5n, DynamicIPsAvailable: 125n },
      'fd00:1::/64': { IPsInUse: 3n, DynamicIPsAvailable: (1n << 64n) - 3n },
    })
    expect(await stage.cnm.usage('host')).toEqual({})
  })
})

describe('an IPAM driver of one’s own', () => {
  it('in docs/ipam.md does what it says there', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'cnm-inventory-')), 'inventory.json')
    writeFileSync(file, JSON.stringify({ '10.40.0.0/24': { '10.40.0.1': '', '10.40.0.8': 'a printer', '10.40.0.9': '' } }))
    const lab = new Lab()
    try {
      const example = fileURLToPath(new URL('../../examples/inventory.mjs', import.meta.url))
      const { status, stdout, stderr } = run([process.execPath, example, file], { netns: lab.host, env: lab.env })
      expect([status, stderr]).toEqual([0, ''])
      expect(stdout).toContain("10.40.0.9/24 { '10.40.0.0/24': { inUse: 3n, available: 0n } }")
      expect(stdout).toContain('"10.40.0.1": "gateway"')
      expect(JSON.parse(readFileSync(file, 'utf8'))['10.40.0.0/24']).toEqual({ '10.40.0.1': '', '10.40.0.8': 'a printer', '10.40.0.9': '' })
    } finally {
      rmSync(dirname(file), { recursive: true })
      await lab[Symbol.asyncDispose]()
    }
  })

  it('is told the MAC when it wants to know it, at once and again by the next controller', async () => {
    const told: Options[] = []
    const leases = (): IpamDriver => {
      const inner = createDefaultIpam()
      return {
        name: 'leases',
        capabilities: { requiresMACAddress: true, requiresRequestReplay: true },
        defaultAddressSpaces: () => inner.defaultAddressSpaces(),
        requestPool: (request) => inner.requestPool(request),
        releasePool: (id) => inner.releasePool(id),
        requestAddress(id, address, options) {
          told.push(options)
          return inner.requestAddress(id, address, options)
        },
        releaseAddress: (id, address) => inner.releaseAddress(id, address),
      }
    }
    await stage.reopen({ ipamDrivers: [leases()] })
    await stage.cnm.createNetwork({ name: 'web', ipam: { driver: 'leases', config: [{ subnet: '10.1.0.0/29' }] } })
    const { path } = await stage.cnm.createSandbox({ name: 'any', ...on('web') })
    await stage.cnm.createSandbox({ name: 'own', ...on('web', { mac: '02:00:00:00:00:07' }) })
    const mac = must(['ip', 'link', 'show', 'eth0'], { netns: path }).match(/ether (\S+)/)?.[1] ?? ''
    const option = 'com.docker.network.endpoint.macaddress'
    const once = [GATEWAY_REQUEST, { [option]: mac }, { [option]: '02:00:00:00:00:07' }]
    expect(told).toEqual(once)
    await stage.reopen({ ipamDrivers: [leases()] })
    expect(told.slice(3)).toEqual(expect.arrayContaining(once))
    expect(await stage.cnm.usage('web')).toEqual({})
  })
})
