import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { examine, open } from '../../lib/index.ts'
import { must, run } from './run.ts'

let count = 0

/** Documentation prefixes: they are nobody's on any machine that runs the tests. */
export const HOST4 = '192.0.2.1'
export const LAN4 = '192.0.2.2'
export const HOST6 = '2001:db8:0:1::1'
export const LAN6 = '2001:db8:0:1::2'
/** Beyond the LAN peer, which has no route back to any container. */
export const BEYOND4 = '198.51.100.1'
export const BEYOND6 = '2001:db8:ffff::1'

/**
 * A host of its own, far from the machine's: a namespace `host` with a LAN link to a namespace `lan`, through which the
 * rest of the world is reached, and fresh state directories.
 */
export class Lab implements AsyncDisposable {
  readonly host: string
  readonly lan: string
  readonly root: string
  readonly run: string
  readonly #names: string[]
  readonly #folder: string

  constructor() {
    const stem = `cnmt${process.pid}-${count++}`
    this.#names = [`${stem}-host`, `${stem}-lan`]
    this.#folder = mkdtempSync(join(tmpdir(), 'cnm-test-'))
    this.host = `/run/netns/${this.#names[0]}`
    this.lan = `/run/netns/${this.#names[1]}`
    this.root = join(this.#folder, 'root')
    this.run = join(this.#folder, 'run')
    for (const name of this.#names) must(['ip', 'netns', 'add', name])
    wire(this.host, this.lan)
  }

  /** One more network of the host: a namespace with the second address, behind a link of the host with the first. */
  neighbour(name: string, hostAddress: string, address: string): string {
    const full = `${this.#names[0]}-${name}`
    const netns = `/run/netns/${full}`
    this.#names.push(full)
    must(['ip', 'netns', 'add', full])
    must(['ip', 'link', 'add', name, 'netns', this.host, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', netns])
    configure(this.host, name, [hostAddress], [])
    configure(netns, 'eth0', [address], [hostAddress.replace(/\/\d+$/, '')])
    settle(this.host, [name])
    return netns
  }

  /** The environment in which `cnm` works on this lab. */
  get env(): NodeJS.ProcessEnv {
    return { ...process.env, CNM_ROOT: this.root, CNM_RUN: this.run }
  }

  open(options: Parameters<typeof open>[0] = {}) {
    return open({ root: this.root, run: this.run, netns: this.host, ...options })
  }

  /** What `cnm doctor` has to say of this host. */
  examine(options: Parameters<typeof examine>[0] = {}) {
    return examine({ root: this.root, run: this.run, netns: this.host, ...options })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of this.#names) run(['ip', 'netns', 'del', name])
    for (const line of must(['cat', '/proc/self/mounts']).split('\n')) {
      const path = line.split(' ')[1] ?? ''
      if (path.startsWith(`${this.#folder}/`)) must(['umount', '-l', path])
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** Lays a LAN between two new namespaces, and what is beyond it. */
export function wire(host: string, lan: string): void {
  // A new namespace copies the machine's own IPv4 settings; begin from the kernel's defaults instead.
  for (const netns of [host, lan]) {
    must(
      [
        'sysctl',
        '-qw',
        'net.ipv4.ip_forward=0',
        'net.ipv6.conf.all.forwarding=0',
        'net.ipv6.conf.all.accept_dad=0',
        'net.ipv6.conf.default.accept_dad=0',
      ],
      { netns },
    )
    must(['ip', 'link', 'set', 'lo', 'up'], { netns })
  }
  must(['ip', 'link', 'add', 'lan0', 'netns', host, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', lan])
  configure(host, 'lan0', [`${HOST4}/24`, `${HOST6}/64`], [LAN4, LAN6])
  configure(lan, 'eth0', [`${LAN4}/24`, `${LAN6}/64`], [])
  for (const address of [`${BEYOND4}/32`, `${BEYOND6}/128`]) must(['ip', 'addr', 'add', address, 'dev', 'lo'], { netns: lan })
  settle(host, ['lan0'])
  settle(lan, ['eth0'])
}

/** Waits for what a new link brings about by itself: until it has carrier, and its link-local address. */
function settle(netns: string, links: readonly string[]): void {
  for (const link of links) {
    for (let patience = 500; !/fe80.* scope link\s(?!tentative)/.test(must(['ip', '-6', '-o', 'addr', 'show', 'dev', link], { netns })); ) {
      if (--patience === 0) throw new Error(`${link} in ${netns} gets no link-local address`)
    }
  }
}

function configure(netns: string, link: string, addresses: readonly string[], gateways: readonly string[]): void {
  for (const address of addresses) must(['ip', 'addr', 'add', address, 'dev', link, ...(address.includes(':') ? ['nodad'] : [])], { netns })
  must(['ip', 'link', 'set', link, 'up'], { netns })
  for (const gateway of gateways) must(['ip', 'route', 'add', 'default', 'via', gateway], { netns })
}
