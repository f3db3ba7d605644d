import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Controller, type OpenOptions, open, type Peer } from '../../lib/index.ts'
import { must, run } from './run.ts'

let count = 0

/** One of several hosts: a namespace on the underlay, with directories and a controller of its own. */
export interface OverlayHost {
  readonly netns: string
  readonly root: string
  readonly run: string
  readonly vtep: { readonly 4: string; readonly 6: string }
  cnm: Controller
}

/** Hosts on one underlay: a bridge in a namespace of its own, IPv4 10.99.0.N and IPv6 fd00:99::N, N from 1. */
export class Hosts implements AsyncDisposable {
  readonly hosts: OverlayHost[] = []
  readonly underlay: string
  readonly #stem = `cnmo${process.pid}-${count++}`
  readonly #names: string[] = []
  readonly #folder = mkdtempSync(join(tmpdir(), 'cnm-hosts-'))
  readonly #family: 4 | 6

  private constructor(family: 4 | 6) {
    this.#family = family
    this.underlay = this.space('underlay')
    must(['ip', 'link', 'add', 'br0', 'type', 'bridge'], { netns: this.underlay })
    must(['ip', 'link', 'set', 'br0', 'up'], { netns: this.underlay })
  }

  /** `family`: of the addresses by which hosts reach one another. */
  static async open(number: number, { family = 4 }: { readonly family?: 4 | 6 } = {}): Promise<Hosts> {
    const hosts = new Hosts(family)
    for (let n = 1; n <= number; n++) {
      const netns = hosts.join(`h${n}`, n)
      const folder = join(hosts.#folder, `h${n}`)
      const host = { netns, root: join(folder, 'root'), run: join(folder, 'run'), vtep: { 4: `10.99.0.${n}`, 6: `fd00:99::${n}` } }
      hosts.hosts.push({ ...host, cnm: await open(hosts.options(host)) })
    }
    return hosts
  }

  /** A namespace. */
  space(name: string): string {
    const full = `${this.#stem}-${name}`
    must(['ip', 'netns', 'add', full])
    this.#names.push(full)
    const netns = `/run/netns/${full}`
    must(['sysctl', '-qw', 'net.ipv4.ip_forward=0', 'net.ipv6.conf.default.accept_dad=0'], { netns })
    must(['ip', 'link', 'set', 'lo', 'up'], { netns })
    return netns
  }

  /** A namespace on the underlay, as number `n`. */
  join(name: string, n: number): string {
    const netns = this.space(name)
    must(['ip', 'link', 'add', `p${n}`, 'netns', this.underlay, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', netns])
    must(['ip', 'link', 'set', `p${n}`, 'master', 'br0', 'up'], { netns: this.underlay })
    must(['ip', 'addr', 'add', `10.99.0.${n}/24`, 'dev', 'eth0'], { netns })
    must(['ip', 'addr', 'add', `fd00:99::${n}/64`, 'dev', 'eth0', 'nodad'], { netns })
    must(['ip', 'link', 'set', 'eth0', 'up'], { netns })
    return netns
  }

  /** By which a controller of a host is opened. */
  options({ netns, root, run, vtep }: Omit<OverlayHost, 'cnm'>): OpenOptions {
    return { netns, root, run, dataPath: { address: vtep[this.#family] } }
  }

  async reopen(n: number, more: OpenOptions = {}): Promise<void> {
    const host = this.at(n)
    await host.cnm.close()
    host.cnm = await open({ ...this.options(host), ...more })
  }

  /** Host number `n`, from 1. */
  at(n: number): OverlayHost {
    const host = this.hosts[n - 1]
    if (!host) throw new RangeError(`there is no host ${n}`)
    return host
  }

  /** The same network on all of them. */
  async network(name: string, vni: number, subnets: readonly string[], { internal = false, options = {} } = {}): Promise<void> {
    for (const { cnm } of this.hosts)
      await cnm.createNetwork({
        name,
        driver: 'overlay',
        internal,
        enableIPv4: subnets.some((subnet) => subnet.includes('.')),
        enableIPv6: subnets.some((subnet) => subnet.includes(':')),
        options: { 'com.docker.network.driver.overlay.vxlanid_list': String(vni), ...options },
        ipam: { config: subnets.map((subnet) => ({ subnet })) },
      })
  }

  /** A sandbox of this name on host `n`; its namespace. */
  async sandbox(n: number, name: string, network: string, more: { ip?: string; ip6?: string; mac?: string } = {}): Promise<string> {
    return (await this.at(n).cnm.createSandbox({ name, networks: [{ network, ...more }] })).path
  }

  /** Endpoints of a host on a network, as the others have to know them. */
  peersAt(n: number, network: string): readonly Peer[] {
    const { cnm, vtep } = this.at(n)
    return cnm.guests(network).map(({ endpoint: { id, networkId, mac, address, address6 } }) => ({
      endpointId: id,
      networkId,
      nodeId: `h${n}`,
      vtep: vtep[this.#family],
      mac,
      ...(address ? { address } : {}),
      ...(address6 ? { address6 } : {}),
    }))
  }

  /** Tells each host of the endpoints of all the others, as a cluster does. */
  async tell(network: string): Promise<void> {
    const all = this.hosts.flatMap((_, index) => this.peersAt(index + 1, network))
    for (const { cnm } of this.hosts) await cnm.setPeers(network, all)
  }

  /** The namespace that a network has on host `n`. */
  home(n: number, network: string): string {
    const { cnm, run } = this.at(n)
    return join(run, 'netns', `net-${cnm.network(network).id.slice(0, 12)}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { cnm } of this.hosts) await cnm.close()
    for (const name of this.#names) run(['ip', 'netns', 'del', name])
    for (const line of must(['cat', '/proc/self/mounts']).split('\n')) {
      const path = line.split(' ')[1] ?? ''
      if (path.startsWith(`${this.#folder}/`)) must(['umount', '-l', path])
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
