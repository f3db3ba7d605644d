import { relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { bridge } from '../../lib/drivers/bridge.ts'
import type { IpamDriver, NetworkDriver } from '../../lib/index.ts'
import { nullIpam } from '../../lib/ipam/null.ts'
import { LINK_GROUP } from '../../lib/model/ids.ts'
import { BEYOND4 } from '../support/lab.ts'
import { must } from '../support/run.ts'
import { settled, snapshot } from '../support/snapshot.ts'
import { Stage } from '../support/stage.ts'
import { reaches } from '../support/traffic.ts'

const stage = new Stage()

const subnet = (text: string, more: object = {}) => ({ ipam: { config: [{ subnet: text, ...more }] } })

describe('an aborted verb', () => {
  it('is undone, and rejects with the reason of its signal', async () => {
    await stage.cnm.createNetwork({ name: 'web' })
    // Somebody stays on the bridge: its carrier, and what hangs on that, would come and go otherwise.
    const { path } = await stage.cnm.createSandbox({ name: 'stays', networks: [{ network: 'web' }] })
    for (const netns of [stage.lab.host, path]) await settled(netns)
    const had = snapshot(stage.lab.host)
    const pins = stage.pinned()
    let aborted = 0
    for (let delay = 0; delay < 12; delay++) {
      const abort = new AbortController()
      const reason = new Error('enough')
      const verb = stage.cnm.createSandbox({ name: `s${delay}`, networks: [{ network: 'web' }] }, { signal: abort.signal })
      setTimeout(() => abort.abort(reason), delay)
      const ended = await verb.then(
        () => 'done',
        (error) => error,
      )
      if (ended === reason) aborted++
      else {
        expect(ended).toBe('done')
        await stage.cnm.removeSandbox(`s${delay}`)
      }
      expect(snapshot(stage.lab.host)).toEqual(had)
      expect(stage.pinned()).toEqual(pins)
    }
    expect(aborted).toBeGreaterThan(0)
  })

  it('does not begin when its signal was raised before its turn', async () => {
    const abort = new AbortController()
    const first = stage.cnm.createNetwork({ name: 'a' })
    const second = stage.cnm.createNetwork({ name: 'b' }, { signal: abort.signal })
    const told = expect(second).rejects.toThrow('aborted')
    abort.abort()
    await first
    const removal = stage.cnm.removeNetwork('a', { signal: abort.signal })
    await expect(removal).rejects.toThrow('aborted')
    expect(stage.cnm.networks().map(({ name }) => name)).toContain('a')
    await told
    expect(stage.cnm.networks().map(({ name }) => name)).not.toContain('b')
  })
})

describe('a controller that is closed', () => {
  it('carries out what it was asked for before, and says so of everything else', async () => {
    const { cnm } = stage
    const before = cnm.createNetwork({ name: 'before' })
    const closing = cnm.close()
    const closed = { code: 'CONTROLLER_CLOSED' }
    await expect(cnm.createNetwork({ name: 'late' })).rejects.toMatchObject(closed)
    expect((await before).name).toBe('before')
    await Promise.all([closing, cnm.close()])
    for (const verb of [
      () => cnm.removeNetwork('before'),
      () => cnm.removeSandbox('x'),
      () => cnm.disconnect('x', 'before'),
      () => cnm.findings(),
      () => cnm.exported(),
      () => cnm.usage('before'),
      () => cnm.plan((dry) => dry.createNetwork({ name: 'late' })),
      () => cnm.spawn('x', ['true']),
    ])
      await expect(verb()).rejects.toMatchObject(closed)
    expect(() => cnm.networks()).toThrow(expect.objectContaining(closed))
    expect(() => cnm.network('before')).toThrow(expect.objectContaining(closed))
    expect(cnm.run).toBe(stage.lab.run)
    await stage.reopen()
    expect(stage.cnm.networks().map(({ name }) => name)).toContain('before')
  })
})

describe('two at once', () => {
  it('of one controller take turns', async () => {
    await stage.cnm.createNetwork({ name: 'web', ...subnet('10.9.0.0/24') })
    const made = await Promise.all(Array.from({ length: 8 }, () => stage.cnm.createSandbox({ networks: [{ network: 'web' }] })))
    const addresses = made.map(({ id }) => stage.cnm.seats(id)[0]?.endpoint.address)
    expect(new Set(addresses).size).toBe(8)
    await expect(Promise.all([stage.cnm.createNetwork({ name: 'x' }), stage.cnm.createNetwork({ name: 'x' })])).rejects.toMatchObject({
      code: 'NETWORK_EXISTS',
      message: 'network with name x already exists',
    })
  })

  it('of two controllers: the second waits, then names the holder', async () => {
    await expect(stage.lab.open({ wait: 100 })).rejects.toMatchObject({
      code: 'STATE_LOCKED',
      message: expect.stringContaining(String(process.pid)),
    })
  })

  it('in two namespaces do not share a run directory', async () => {
    await stage.cnm.close()
    await expect(stage.lab.open({ netns: stage.lab.lan })).rejects.toMatchObject({ code: 'STATE_FOREIGN' })
    stage.cnm = await stage.lab.open()
  })
})

const byId = <T extends { readonly id: string }>(all: readonly T[]) => all.toSorted((a, b) => (a.id < b.id ? -1 : 1))

describe('what cannot be is refused in words, and changes nothing', () => {
  const refusals: readonly (readonly [string, string | RegExp, () => Promise<unknown>])[] = [
    ['a network of a taken name', 'network with name net already exists', () => stage.cnm.createNetwork({ name: 'net' })],
    ['a predefined name', 'operation is not permitted on predefined host network ', () => stage.cnm.createNetwork({ name: 'host' })],
    ['an empty name', 'invalid name: name is empty', () => stage.cnm.createNetwork({ name: ' ' })],
    [
      'an unknown driver',
      /^could not find plugin magic in v1 plugin registry/,
      () => stage.cnm.createNetwork({ name: 'a', driver: 'magic' }),
    ],
    ['an unknown IPAM driver', 'invalid ipam driver: "magic"', () => stage.cnm.createNetwork({ name: 'a', ipam: { driver: 'magic' } })],
    [
      'a second host network',
      'only one instance of "host" network is allowed',
      () => stage.cnm.createNetwork({ name: 'a', driver: 'host' }),
    ],
    ['an overlay without a swarm', /^This node is not a swarm manager\./, () => stage.cnm.createNetwork({ name: 'a', driver: 'overlay' })],
    [
      'a bad subnet',
      /invalid subnet 10\.9\.0\.5\/24: it should be 10\.9\.0\.0\/24/,
      () => stage.cnm.createNetwork({ name: 'a', ...subnet('10.9.0.5/24') }),
    ],
    [
      'an overlapping subnet',
      'invalid pool request: Pool overlaps with other one on this address space',
      () => stage.cnm.createNetwork({ name: 'a', ...subnet('10.7.0.128/25') }),
    ],
    [
      'a gateway outside',
      /invalid gateway 10\.8\.0\.1: parent subnet 10\.9\.0\.0\/24 doesn't contain this address/,
      () => stage.cnm.createNetwork({ name: 'a', ...subnet('10.9.0.0/24', { gateway: '10.8.0.1' }) }),
    ],
    [
      'an address outside',
      'invalid endpoint settings:\nno configured subnet contains IP address 10.6.0.9',
      () => stage.cnm.createSandbox({ networks: [{ network: 'net', ip: '10.6.0.9' }] }),
    ],
    ['an address in use', 'Address already in use', () => stage.cnm.createSandbox({ networks: [{ network: 'net', ip: '10.7.0.9' }] })],
    [
      'the address of the gateway',
      'Address already in use',
      () => stage.cnm.createSandbox({ networks: [{ network: 'net', ip: '10.7.0.1' }] }),
    ],
    [
      'an address on the default bridge',
      'invalid endpoint settings:\nuser-specified IP address is supported on user-defined networks only',
      () => stage.cnm.createSandbox({ networks: [{ network: 'bridge', ip: '172.17.0.9' }] }),
    ],
    [
      'an auxiliary address outside the subnet that was chosen',
      /^auxiliary address: \(router:0\.0\.0\.9\) must belong to the master pool: /,
      () => stage.cnm.createNetwork({ name: 'a', ...subnet('0.0.0.0/24', { auxAddresses: { router: '0.0.0.9' } }) }),
    ],
    ['an unknown network', 'network nowhere not found', () => stage.cnm.connect('there', { network: 'nowhere' })],
    ['an unknown sandbox', 'No such sandbox: nobody', () => stage.cnm.connect('nobody', { network: 'net' })],
    ['a sandbox of a taken name', 'sandbox with name there already exists', () => stage.cnm.createSandbox({ name: 'there' })],
    [
      'a second endpoint on a network',
      'endpoint with name there already exists in network net',
      () => stage.cnm.connect('there', { network: 'net' }),
    ],
    [
      'the same network twice',
      'endpoint with name new already exists in network net',
      () => stage.cnm.createSandbox({ name: 'new', networks: [{ network: 'net' }, { network: stage.cnm.network('net').id }] }),
    ],
    ['a network that it is not on', 'container there is not connected to network bridge', () => stage.cnm.disconnect('there', 'bridge')],
    [
      'removing a network in use',
      /^error while removing network: network net has active endpoints \(name:"there" id:"[0-9a-f]{12}"\)$/,
      () => stage.cnm.removeNetwork('net'),
    ],
    [
      'a published port that is taken',
      'Bind for 0.0.0.0:8000 failed: port is already allocated',
      () => stage.cnm.createSandbox({ networks: [{ network: 'net' }], ports: [{ protocol: 'tcp', hostIP: '', hostPort: 8000, port: 1 }] }),
    ],
    [
      'a namespace that is not there',
      /^no network namespace at \/run\/netns\/not-there: /,
      () => stage.cnm.createSandbox({ path: '/run/netns/not-there' }),
    ],
    ['a path that is no namespace', /^no network namespace at \/etc\/passwd: /, () => stage.cnm.createSandbox({ path: '/etc/passwd' })],
    [
      'a multicast MAC',
      /invalid MAC address: 01:00:5e:00:00:01/,
      () => stage.cnm.connect('idle', { network: 'net', mac: '01:00:5e:00:00:01' }),
    ],
    [
      'a link name that is taken',
      'the name eth0 is taken by another link in sandbox there',
      () => stage.cnm.connect('there', { network: 'more', options: { 'com.docker.network.endpoint.ifname': 'eth0' } }),
    ],
    [
      'labels that are no text, of who writes JavaScript',
      'invalid argument: network.labels.tier should be text',
      () => stage.cnm.createNetwork({ name: 'a', labels: { tier: 1 } as any }),
    ],
    [
      'a priority that is no whole number',
      'invalid argument: attachment.gwPriority should be a whole number',
      () => stage.cnm.connect('idle', { network: 'net', gwPriority: Number.NaN }),
    ],
    [
      'an MTU that the kernel does not take',
      /^EINVAL: .+, while: .*ip link add .* mtu 99999999 /,
      () => stage.cnm.createNetwork({ name: 'a', options: { 'com.docker.network.driver.mtu': '99999999' } }),
    ],
  ]

  it('each of them', async () => {
    await stage.cnm.createNetwork({ name: 'net', ...subnet('10.7.0.0/24') })
    await stage.cnm.createNetwork({ name: 'more' })
    await stage.cnm.createSandbox({
      name: 'there',
      networks: [{ network: 'net', ip: '10.7.0.9' }],
      ports: [{ protocol: 'tcp', hostIP: '', hostPort: 8000, port: 80 }],
    })
    await stage.cnm.createSandbox({ name: 'idle', networks: [] })
    const look = () => ({
      ...snapshot(stage.lab.host),
      records: [byId(stage.cnm.networks()), byId(stage.cnm.sandboxes()), stage.cnm.seats('there')],
    })
    const had = look()
    for (const [what, message, verb] of refusals) {
      const error: Error = await verb().then(
        () => new Error('it was done'),
        (reason) => reason,
      )
      if (typeof message === 'string') expect(error.message, what).toBe(message)
      else expect(error.message, what).toMatch(message)
    }
    expect(look()).toEqual(had)
  })

  it('names who holds the address, and the subnet', async () => {
    await stage.cnm.createNetwork({ name: 'net', ...subnet('10.7.0.0/24') })
    await stage.cnm.createSandbox({ name: 'there', networks: [{ network: 'net', ip: '10.7.0.9' }] })
    const again = stage.cnm.createSandbox({ networks: [{ network: 'net', ip: '10.7.0.9' }] })
    await expect(again).rejects.toMatchObject({ remedy: expect.stringContaining('sandbox there on network net') })
    const overlapping = stage.cnm.createNetwork({ name: 'a', ...subnet('10.7.0.0/16') })
    await expect(overlapping).rejects.toMatchObject({ remedy: expect.stringContaining('network net') })
  })
})

describe('a program in a sandbox', () => {
  it('has no descriptor of the controller', async () => {
    await stage.cnm.createSandbox({ name: 's', networks: [] })
    const child = await stage.cnm.spawn('s', ['ls', '-l', '/proc/self/fd'], { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    for await (const chunk of child.stdout ?? []) text += chunk
    expect(text).toContain('/proc/')
    expect(text).not.toMatch(/\.mdb|lock|netns|net:\[/)
  })
})

describe('a sandbox whose namespace is gone', () => {
  it('cannot be connected, and can be removed', async () => {
    await stage.cnm.createNetwork({ name: 'web' })
    must(['ip', 'netns', 'add', `${stage.lab.host.split('/').pop()}x`])
    const path = `${stage.lab.host}x`
    await stage.cnm.createSandbox({ name: 's', path, networks: [{ network: 'web' }] })
    must(['ip', 'netns', 'del', path.split('/').pop() ?? ''])
    await expect(stage.cnm.connect('s', { network: 'bridge' })).rejects.toMatchObject({ code: 'SANDBOX_GONE' })
    await stage.cnm.removeSandbox('s')
  })
})

describe('after a reboot', () => {
  it('networks are still defined, and have their links when they are needed', async () => {
    await stage.cnm.createNetwork({ name: 'web', ...subnet('10.9.0.0/24') })
    const { id } = stage.cnm.network('web')
    await stage.cnm.close()
    // What a reboot does: kernel state and run directory end, the state directory stays.
    must(['ip', 'link', 'del', `br-${id.slice(0, 12)}`], { netns: stage.lab.host })
    must(['nft', 'delete', 'table', 'inet', 'cnm'], { netns: stage.lab.host })
    must(['sysctl', '-qw', 'net.ipv4.conf.lan0.forwarding=0'], { netns: stage.lab.host })
    must(['rm', '-r', stage.lab.run])
    stage.cnm = await stage.lab.open()
    expect(stage.cnm.network('web').id).toBe(id)
    const { path } = await stage.cnm.createSandbox({ networks: [{ network: 'web' }] })
    expect(await reaches(path, BEYOND4)).toBe(true)
  })
})

describe('a controller that is opened elsewhere', () => {
  it('with a relative run directory makes what every other finds', async () => {
    const { run } = stage.lab
    await stage.reopen({ run: relative(process.cwd(), run) })
    const { path } = await stage.cnm.createSandbox({ name: 's', networks: [] })
    expect(path).toMatch(/^\//)
  })

  it('without a driver that somebody brought along opens, and says what is missing when it is needed', async () => {
    const mine: NetworkDriver = { ...bridge, name: 'mine' }
    const ipam: IpamDriver = {
      ...nullIpam,
      name: 'addresses',
      requestPool: () => ({ id: 'null/0.0.0.0/0', pool: '10.44.0.0/24', data: {} }),
    }
    await stage.reopen({ drivers: [mine], ipamDrivers: [ipam] })
    await stage.cnm.createNetwork({ name: 'theirs', driver: 'mine', ipam: { driver: 'addresses' } })
    await stage.reopen()
    expect(stage.cnm.network('theirs').driver).toBe('mine')
    await expect(stage.cnm.createSandbox({ networks: [{ network: 'theirs' }] })).rejects.toMatchObject({
      code: expect.stringMatching(/DRIVER_NOT_FOUND/),
    })
    await stage.reopen({ drivers: [mine], ipamDrivers: [ipam] })
  })
})

describe('drivers that were brought along', () => {
  it('a network driver that hands over a link of another kind: it is moved in, and back', async () => {
    const pair: NetworkDriver = {
      ...bridge,
      name: 'pair',
      createNetwork: () => ({ plan: [] }),
      deleteNetwork: () => ({ plan: [] }),
      createEndpoint: () => ({
        plan: [
          { op: 'link.add', kind: 'veth', name: 'given', group: LINK_GROUP, peer: { name: 'kept', at: 0, group: LINK_GROUP } },
          { op: 'link.set', link: 'given', alias: 'by the driver pair' },
        ],
      }),
      join: () => ({ plan: [], link: { name: 'given', prefix: 'pair' }, gateway: '', gateway6: '', routes: [{ to: '10.99.0.0/16' }] }),
      deleteEndpoint: () => ({ plan: [{ op: 'link.del', link: 'given' }] }),
    }
    await stage.reopen({ drivers: [pair] })
    await stage.cnm.createNetwork({ name: 'p', driver: 'pair', ...subnet('10.9.0.0/24') })
    const { path } = await stage.cnm.createSandbox({ name: 's', networks: [{ network: 'p' }] })
    const inside = must(['ip', 'addr', 'show', 'pair0'], { netns: path }) + must(['ip', 'link', 'show', 'pair0'], { netns: path })
    expect(inside).toContain('by the driver pair')
    expect(inside).toContain('10.9.0.2/24')
    expect(must(['ip', 'route'], { netns: path })).toContain('10.99.0.0/16 dev pair0')
  })

  it('an IPAM driver of another kind, asked over and over in the order of the protocol', async () => {
    const asked: string[] = []
    const ipam: IpamDriver = {
      name: 'mine',
      capabilities: { requiresMACAddress: false, requiresRequestReplay: false },
      defaultAddressSpaces: () => ({ local: 'here', global: 'everywhere' }),
      async requestPool({ space }) {
        asked.push(`pool ${space}`)
        return { id: 'p1', pool: '10.44.0.0/24', data: {} }
      },
      releasePool: (id) => void asked.push(`release ${id}`),
      async requestAddress(_, address, options) {
        asked.push(`address ${options.RequestAddressType ? 'gateway' : address}`)
        return options.RequestAddressType ? '10.44.0.254/24' : '10.44.0.7/24'
      },
      releaseAddress: (_, address) => void asked.push(`release ${address}`),
    }
    await stage.reopen({ ipamDrivers: [ipam] })
    await stage.cnm.createNetwork({ name: 'm', ipam: { driver: 'mine' } })
    const { path } = await stage.cnm.createSandbox({ name: 's', networks: [{ network: 'm' }] })
    expect(await reaches(path, '10.44.0.254')).toBe(true)
    await stage.cnm.removeSandbox('s')
    await stage.cnm.removeNetwork('m')
    expect(asked).toEqual(['pool here', 'address gateway', 'address ', 'release 10.44.0.7', 'release 10.44.0.254', 'release p1'])
  })
})
