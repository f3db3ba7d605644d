import { setTimeout as pause } from 'node:timers/promises'
import { LAN4, LAN6, type Lab } from './lab.ts'
import { must, run, runAsync } from './run.ts'

export const ROUTER_MAC = '02:00:00:00:1a:00'

/** Who can be asked whether they reach one another. */
export interface Party {
  readonly name: string
  readonly netns: string
  readonly addresses: readonly string[]
}

/**
 * The LAN of a lab as one of several machines: what was its neighbour becomes a switch, a bridge, which has the neighbour's
 * addresses and is the router. Machines are plugged in by ports of their own.
 */
export class Segment implements Disposable {
  readonly #lab: Lab
  readonly #names: string[] = []

  constructor(lab: Lab) {
    this.#lab = lab
    const netns = lab.lan
    // Its MAC address is to stay, whoever comes and goes.
    must(['ip', 'link', 'add', 'lan', 'address', ROUTER_MAC, 'type', 'bridge'], { netns })
    must(['ip', 'addr', 'flush', 'dev', 'eth0'], { netns })
    must(['ip', 'link', 'set', 'eth0', 'master', 'lan'], { netns })
    must(['ip', 'link', 'set', 'lan', 'up'], { netns })
    for (const address of [`${LAN4}/24`, `${LAN6}/64`]) add(netns, 'lan', address)
  }

  /** A machine on the same LAN, by its link eth0. */
  machine(name: string, addresses: readonly string[]): Party {
    const full = `${this.#lab.host.split('/').at(-1)}-${name}`
    const netns = `/run/netns/${full}`
    this.#names.push(full)
    must(['ip', 'netns', 'add', full])
    must(['sysctl', '-qw', 'net.ipv6.conf.all.accept_dad=0', 'net.ipv6.conf.default.accept_dad=0'], { netns })
    must(['ip', 'link', 'set', 'lo', 'up'], { netns })
    must(['ip', 'link', 'add', 'eth0', 'netns', full, 'type', 'veth', 'peer', 'name', name, 'netns', this.#lab.lan])
    must(['ip', 'link', 'set', name, 'master', 'lan', 'up'], { netns: this.#lab.lan })
    for (const address of addresses) add(netns, 'eth0', address)
    must(['ip', 'link', 'set', 'eth0', 'up'], { netns })
    return { name, netns, addresses: addresses.map((address) => address.replace(/\/\d+$/, '')) }
  }

  [Symbol.dispose](): void {
    for (const name of this.#names) run(['ip', 'netns', 'del', name])
  }
}

const add = (netns: string, link: string, address: string) =>
  must(['ip', 'addr', 'add', address, 'dev', link, ...(address.includes(':') ? ['nodad'] : [])], { netns })

/** `a → b v4` for each family in which a reaches b; all are asked at once, and those that are expected longer than the rest. */
export async function reach(pairs: readonly (readonly [Party, Party])[], expected: readonly string[]): Promise<readonly string[]> {
  const asked = pairs.flatMap(([from, to]) =>
    to.addresses.map(async (address) => {
      const name = `${from.name} → ${to.name} v${address.includes(':') ? 6 : 4}`
      return (await answers(from.netns, address, expected.includes(name) ? 15 : 1)) ? [name] : []
    }),
  )
  return (await Promise.all(asked)).flat()
}

/** An echo request is answered within that many seconds. ping gives up when it hears that somebody is unreachable, after 3 s of them. */
async function answers(netns: string, address: string, seconds: number): Promise<boolean> {
  const family = address.includes(':') ? '-6' : '-4'
  const until = performance.now() + 1000 * seconds
  for (let left = seconds; left > 0; left = Math.ceil((until - performance.now()) / 1000)) {
    const { status } = await runAsync(['ping', family, '-c', '1', '-w', String(left), '-i', '0.2', '-n', '-q', address], { netns })
    if (status === 0) return true
    await pause(100)
  }
  return false
}
