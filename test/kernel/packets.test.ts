import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lendUplinks, lengthsOf, publish, raiseWall, razeWall, unpublish } from '../../lib/firewall/firewall.ts'
import type { Opening } from '../../lib/model/wall.ts'
import { must, start } from '../support/run.ts'
import { ADDRESSES, type Place, Topology, WALLS } from '../support/topology.ts'
import { ask, pings, reaches, serve } from '../support/traffic.ts'

const { front, back, inner } = WALLS

const openingsOf = (family: 4 | 6): readonly Opening[] => {
  const { web, db, host, loopback } = ADDRESSES[family]
  const any = family === 4 ? '0.0.0.0' : '::'
  return [
    { protocol: 'tcp', hostIP: any, hostPort: 8080, address: web, port: 80, direct: false },
    { protocol: 'udp', hostIP: any, hostPort: 5300, address: web, port: 53, direct: false },
    { protocol: 'tcp', hostIP: any, hostPort: 6060, address: db, port: 80, direct: false },
    { protocol: 'tcp', hostIP: host, hostPort: 9090, address: web, port: 80, direct: false },
    { protocol: 'tcp', hostIP: loopback, hostPort: 7070, address: web, port: 80, direct: false },
  ]
}
const openings = [...openingsOf(4), ...openingsOf(6)]

let town: Topology
const servers: AsyncDisposable[] = []

beforeAll(async () => {
  town = new Topology()
  town.load([...raiseWall(front, 'nothing'), ...raiseWall(back, 'walls'), ...raiseWall(inner, 'walls'), ...publish(openings)])
  const everywhere = (['web', 'peer', 'db', 'job', 'lan', 'far'] as const).map((place) => serve(town.at(place), 'tcp', '::', 80))
  const datagrams = ([4, 6] as const).map((family) => serve(town.at('web'), 'udp', ADDRESSES[family].web, 53))
  servers.push(...(await Promise.all([...everywhere, ...datagrams, serve(town.at('host'), 'tcp', '127.0.0.1', 6000)])))
})

afterAll(async () => {
  for (const server of servers) await server[Symbol.asyncDispose]()
  town[Symbol.dispose]()
})

const tcp = (from: Place, address: string, port = 80) => ask(town.at(from), 'tcp', address, port)
const udp = (from: Place, address: string, port: number) => ask(town.at(from), 'udp', address, port)
const ping = (from: Place, address: string) => pings(town.at(from), address)

/** Listens for datagrams and never answers; `heard` are the addresses they came from. */
async function overhear(place: Place, address: string, port: number) {
  const listen = `const s = require('node:dgram').createSocket('${address.includes(':') ? 'udp6' : 'udp4'}')
    s.on('message', (_, { address }) => console.log(address)).bind(${port}, '${address}', () => console.log('ready'))`
  const listener = await start([process.execPath, '-e', listen], { netns: town.at(place) })
  const heard: string[] = []
  listener.child.stdout?.on('data', (data) => heard.push(...String(data).trim().split('\n')))
  return { heard, [Symbol.asyncDispose]: () => listener[Symbol.asyncDispose]() }
}

const all = <T>(...asked: readonly Promise<T>[]) => Promise.all(asked)
const nobody = (count: number) => Array<null>(count).fill(null)

// What a bridge forwards by itself crosses the firewall too where br_netfilter is at work.
describe.each([true, false])('br_netfilter: %s', (bridged) => {
  beforeAll(() => town.bridgeNetfilter(bridged))

  describe.concurrent.each([4, 6] as const)('IPv%i', (family) => {
    const at = ADDRESSES[family]

    it('a published port is reached from the LAN, which is seen as it is', async () => {
      expect(await all(tcp('lan', at.host, 8080), udp('lan', at.host, 5300))).toEqual([at.lan, at.lan])
    })

    it('a published port is reached from the host, by each of its addresses', async () => {
      expect(await all(tcp('host', at.host, 8080), tcp('host', at.front, 8080))).toEqual([at.host, at.front])
    })

    it('a published port is reached from its own network, and by the sandbox itself', async () => {
      const neighbour = [tcp('peer', at.host, 8080), tcp('peer', at.front, 8080), udp('peer', at.host, 5300)]
      const itself = [tcp('web', at.host, 8080), tcp('web', at.front, 8080), udp('web', at.host, 5300)]
      expect(await all(...neighbour, ...itself)).toEqual(Array(6).fill(at.front))
      // Without masquerading, too.
      expect(await all(tcp('mate', at.host, 6060), tcp('db', at.host, 6060))).toEqual([at.back, at.back])
    })

    it('neighbours reach one another', async () => {
      expect(await all(tcp('peer', at.web), tcp('mate', at.db))).toEqual([at.peer, at.mate])
      expect(await reaches(town.at('peer'), at.web)).toBe(true)
    })

    it('a published port is reached from another network, but not from an internal one', async () => {
      expect(await all(tcp('db', at.host, 8080), tcp('web', at.host, 6060))).toEqual([at.db, at.back])
      expect(await all(tcp('job', at.host, 8080), tcp('job', at.inner, 8080))).toEqual(nobody(2))
    })

    it('networks do not reach one another', async () => {
      const asked = [tcp('web', at.db), tcp('db', at.web), tcp('web', at.job), tcp('job', at.web), tcp('db', at.web, 8080)]
      const pinged = all(ping('web', at.db), ping('db', at.web), ping('job', at.web))
      expect(await all(...asked)).toEqual(nobody(5))
      expect(await pinged).toEqual([false, false, false])
    })
  })

  it('a published port is reached by 127.0.0.1, on the host', async () => {
    const { loopback, front: gateway } = ADDRESSES[4]
    const asked = [tcp('host', loopback, 8080), tcp('host', loopback, 7070), udp('host', loopback, 5300)]
    expect(await all(...asked)).toEqual([gateway, gateway, gateway])
  })
})

describe.concurrent.each([4, 6] as const)('IPv%i', (family) => {
  const at = ADDRESSES[family]

  it('a port published on one address is not reached through another', async () => {
    const asked = [tcp('lan', at.host, 9090), tcp('host', at.front, 9090), tcp('far', at.farSide, 9090)]
    expect(await all(...asked)).toEqual([at.lan, null, null])
  })

  it('the outside sees the host, unless the network does not masquerade', async () => {
    must(['ip', 'route', 'add', `${at.db}/${family === 4 ? 16 : 64}`.replace('2/', '0/'), 'via', at.farSide], { netns: town.at('far') })
    expect(await all(tcp('web', at.lan), tcp('web', at.far), tcp('db', at.far))).toEqual([at.host, at.farSide, at.db])
    expect(await reaches(town.at('web'), at.far)).toBe(true)
  })

  it('nothing gets out of an internal network, but the host is there', async () => {
    const pinged = all(ping('job', at.inner), ping('host', at.job), ping('job', at.lan))
    expect(await all(tcp('job', at.lan), tcp('job', at.far))).toEqual(nobody(2))
    expect(await pinged).toEqual([true, true, false])
  })

  it('nothing gets into an internal network, not even what needs no answer', async () => {
    await using ear = await overhear('job', at.job, 6002)
    await all(udp('web', at.job, 6002), udp('host', at.job, 6002))
    expect(ear.heard).toEqual([at.inner])
  })

  it('nobody outside reaches an address of a sandbox, not even at a published port; the host does', async () => {
    must(['ip', 'route', 'add', family === 4 ? '172.16.0.0/12' : 'fd00::/16', 'via', at.host], { netns: town.at('lan') })
    const pinged = all(ping('lan', at.web), ping('host', at.web))
    expect(await all(tcp('lan', at.web), tcp('lan', at.job), udp('lan', at.web, 53))).toEqual(nobody(3))
    expect(await pinged).toEqual([false, true])
    expect(await tcp('host', at.web)).toBe(at.front)
  })
})

describe('loopback of the host', () => {
  const { loopback, front: gateway, host, web, lan } = ADDRESSES[4]

  it('a port published on it is not reached from elsewhere', async () => {
    expect(await all(tcp('lan', host, 7070), tcp('web', gateway, 7070))).toEqual(nobody(2))
  })

  /** Takes 127.0.0.1 from `place`, which then looks for it behind `via`, as `own`. */
  const misroute = (place: Place, via: string, own: string) => {
    const netns = town.at(place)
    must(['ip', 'addr', 'del', `${loopback}/8`, 'dev', 'lo'], { netns })
    must(['sysctl', '-qw', 'net.ipv4.conf.all.route_localnet=1'], { netns })
    must(['ip', 'route', 'add', loopback, 'via', via, 'src', own], { netns })
  }

  it('no sandbox passes for it, though its bridge would let it', async () => {
    await using ear = await overhear('host', gateway, 6001)
    must(['sysctl', '-qw', 'net.ipv4.conf.all.route_localnet=1'], { netns: town.at('peer') })
    must(['ip', 'route', 'add', gateway, 'dev', 'eth0', 'src', '127.0.0.9'], { netns: town.at('peer') })
    await udp('peer', gateway, 6001)
    await udp('web', gateway, 6001)
    expect(ear.heard).toEqual([web])
  })

  it('no sandbox reaches what listens on it, though its bridge would let it', async () => {
    expect(await tcp('host', loopback, 6000)).toBe(loopback)
    misroute('web', gateway, web)
    expect(await all(tcp('web', loopback, 6000), tcp('web', loopback, 7070))).toEqual(nobody(2))
  })

  it('nobody on the LAN reaches a port published on it', async () => {
    misroute('lan', host, lan)
    expect(await tcp('lan', loopback, 7070)).toBe(null)
  })

  it('::1 is refused at once: no kernel lets an answer come back to it', async () => {
    const before = performance.now()
    expect(await tcp('host', '::1', 8080)).toBe(null)
    expect(performance.now() - before).toBeLessThan(1400)
  })
})

describe('what changes', () => {
  const families = [ADDRESSES[4], ADDRESSES[6]]

  it('what is not ours passes; a link that forwards a family only for us, does so', async () => {
    for (const at of families) {
      must(['ip', 'route', 'add', at.far, 'via', at.host], { netns: town.at('lan') })
      must(['ip', 'route', 'add', at.lan, 'via', at.farSide], { netns: town.at('far') })
    }
    const through = () => all(...families.map((at) => tcp('lan', at.far)))
    expect(await through()).toEqual(families.map((at) => at.lan))
    town.load(lendUplinks([{ family: 4, names: ['lan0'] }]))
    expect(await through()).toEqual([null, ADDRESSES[6].lan])
    town.load(lendUplinks([{ family: 6, names: ['lan0'] }]))
    expect(await through()).toEqual(nobody(2))
    // A link that was not lent may begin a conversation through it; and it forwards for us.
    expect(await all(...families.map((at) => tcp('far', at.lan)))).toEqual(families.map((at) => at.far))
    expect(await all(...families.map((at) => tcp('lan', at.host, 8080)))).toEqual(families.map((at) => at.lan))
    expect(await all(...families.map((at) => tcp('peer', at.lan)))).toEqual(families.map((at) => at.host))
  })

  it('an unpublished port is closed, another stays', async () => {
    town.load(unpublish(openings.filter(({ hostPort }) => hostPort === 8080 || hostPort === 5300)))
    const closed = families.flatMap((at) => [tcp('lan', at.host, 8080), tcp('host', at.host, 8080), udp('lan', at.host, 5300)])
    expect(await all(...closed)).toEqual(nobody(6))
    expect(await all(...families.map((at) => tcp('lan', at.host, 9090)))).toEqual(families.map((at) => at.lan))
  })

  it('when a wall is razed, the others stand; when the last one is, all is open', async () => {
    town.load(razeWall(back, 'walls', new Set(lengthsOf(front))))
    expect(await all(...families.map((at) => tcp('peer', at.db)))).toEqual(families.map((at) => at.front.replace('18', '19')))
    expect(await all(...families.map((at) => tcp('db', at.web)))).toEqual(nobody(2))
    town.load(razeWall(front, 'nothing'))
    expect(town.rules()).toBe('')
    expect(await all(...families.map((at) => tcp('db', at.web)))).toEqual(families.map((at) => at.db))
  })
})
