import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Plan } from '../../lib/model/op.ts'
import type { Wall } from '../../lib/model/wall.ts'
import { must, type Ran, run } from './run.ts'

let count = 0

/** The addresses of a host, of its networks and of what is around it, by family. */
export const ADDRESSES = {
  4: {
    host: '192.0.2.1',
    lan: '192.0.2.2',
    far: '198.51.100.2',
    farSide: '198.51.100.1',
    front: '172.18.0.1',
    web: '172.18.0.2',
    peer: '172.18.0.3',
    back: '172.19.0.1',
    db: '172.19.0.2',
    mate: '172.19.0.3',
    inner: '172.20.0.1',
    job: '172.20.0.2',
    loopback: '127.0.0.1',
  },
  6: {
    host: '2001:db8:1::1',
    lan: '2001:db8:1::2',
    far: '2001:db8:2::2',
    farSide: '2001:db8:2::1',
    front: 'fd00:18::1',
    web: 'fd00:18::2',
    peer: 'fd00:18::3',
    back: 'fd00:19::1',
    db: 'fd00:19::2',
    mate: 'fd00:19::3',
    inner: 'fd00:20::1',
    job: 'fd00:20::2',
    loopback: '::1',
  },
} as const

const PLAIN = { internal: false, icc: true, modes: { 4: 'nat', 6: 'nat' }, masquerade: {}, trusted: [] } as const

const subnets = (number: number) => [`172.${number}.0.0/16`, `fd00:${number}::/64`]

/** `back` does not masquerade, `inner` is internal. */
export const WALLS = {
  front: { ...PLAIN, link: 'br-front', subnets: subnets(18), masquerade: { 4: {}, 6: {} } },
  back: { ...PLAIN, link: 'br-back', subnets: subnets(19) },
  inner: { ...PLAIN, link: 'br-inner', subnets: subnets(20), internal: true },
} as const satisfies Record<string, Wall>

/** Link → who is on it, and under which names their addresses go; the host's own is the first. */
const LINKS = {
  lan0: ['host', 'lan'],
  lan1: ['farSide', 'far'],
  'br-front': ['front', 'web', 'peer'],
  'br-back': ['back', 'db', 'mate'],
  'br-inner': ['inner', 'job'],
} as const

const PLACES = ['host', 'lan', 'far', 'web', 'peer', 'db', 'mate', 'job'] as const
export type Place = (typeof PLACES)[number]

/**
 * A host that forwards between two links of its own and three bridges, made with ip(8) alone: what the firewall is tried
 * on without a controller. `lan` and `far` know no way back to the networks.
 */
export class Topology implements Disposable {
  readonly #stem = `cnmf${process.pid}-${count++}`
  readonly #folder = mkdtempSync(join(tmpdir(), 'cnm-firewall-'))
  readonly #places: readonly Place[]

  /** `bare`: the namespaces of the host and of somebody far, and nothing between them. */
  constructor({ bare = false } = {}) {
    this.#places = bare ? ['host', 'far'] : PLACES
    for (const place of this.#places) {
      must(['ip', 'netns', 'add', this.#nameOf(place)])
      must(['ip', 'link', 'set', 'lo', 'up'], { netns: this.at(place) })
    }
    if (!bare) this.#connect()
  }

  #nameOf(place: Place): string {
    return `${this.#stem}-${place}`
  }

  /** Path of a namespace. */
  at(place: Place): string {
    return `/run/netns/${this.#nameOf(place)}`
  }

  #connect(): void {
    const netns = this.at('host')
    must(['sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1'], { netns })
    for (const [link, [own, ...guests]] of Object.entries(LINKS)) {
      const bridge = link.startsWith('br-')
      if (bridge) must(['ip', 'link', 'add', link, 'type', 'bridge'], { netns })
      for (const guest of guests) {
        const near = bridge ? `veth-${guest}` : link
        must(['ip', 'link', 'add', near, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', this.#nameOf(guest)], { netns })
        if (bridge) must(['ip', 'link', 'set', near, 'master', link, 'up'], { netns })
        // Where br_netfilter sees bridged frames, a sandbox reaches its own published port by a frame that turns round.
        if (bridge) must(['bridge', 'link', 'set', 'dev', near, 'hairpin', 'on'], { netns })
        this.#settle(guest, 'eth0', guest)
        for (const family of [4, 6] as const) {
          const via = ['default', 'via', ADDRESSES[family][own]]
          if (bridge) must(['ip', 'route', 'add', ...via], { netns: this.at(guest) })
        }
      }
      this.#settle('host', link, own)
      if (bridge) must(['sysctl', '-qw', `net.ipv4.conf.${link}.route_localnet=1`], { netns })
    }
  }

  #settle(place: Place, link: string, name: keyof (typeof ADDRESSES)[4]): void {
    const netns = this.at(place)
    must(['ip', 'addr', 'add', `${ADDRESSES[4][name]}/${name === 'host' || name === 'lan' ? 24 : 16}`, 'dev', link], { netns })
    must(['ip', 'addr', 'add', `${ADDRESSES[6][name]}/64`, 'dev', link, 'nodad'], { netns })
    must(['ip', 'link', 'set', link, 'up'], { netns })
  }

  /** Whether bridged frames cross the firewall, where the kernel has br_netfilter; -e: where it has not, they never do. */
  bridgeNetfilter(on: boolean): void {
    const names = ['iptables', 'ip6tables'].map((name) => `net.bridge.bridge-nf-call-${name}=${Number(on)}`)
    must(['sysctl', '-eqw', ...names], { netns: this.at('host') })
  }

  /** Carries out the nft steps of a plan on the host. */
  load(plan: Plan): void {
    for (const op of plan) {
      const { status, stderr } = this.tryLoad(op.op === 'nft' ? op.commands : [])
      if (status !== 0) throw new Error(stderr)
    }
  }

  tryLoad(commands: readonly object[]): Ran {
    return this.nft(JSON.stringify({ nftables: commands }), '-j')
  }

  /** Gives text to nft(8); it reads a file, for it opens no pipe that Node makes. */
  nft(text: string, ...flags: readonly string[]): Ran {
    const file = join(this.#folder, 'rules')
    writeFileSync(file, text)
    return run(['nft', ...flags, '-f', file], { netns: this.at('host') })
  }

  rules(): string {
    return must(['nft', 'list', 'ruleset'], { netns: this.at('host') })
  }

  [Symbol.dispose](): void {
    for (const place of this.#places) {
      // Busy for a moment when another test run has just copied the mounts.
      for (let tries = 0; tries < 9 && run(['ip', 'netns', 'del', this.#nameOf(place)]).status !== 0; tries++);
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
