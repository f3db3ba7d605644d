import { readdirSync, readFileSync, statSync } from 'node:fs'
import { RETIRED_GROUP } from '../../lib/model/ids.ts'
import { must, run } from './run.ts'

/** Counters and clocks: they differ between two looks at a kernel that nobody has touched. */
const VOLATILE = /^netfilter\/nf_conntrack_count|^(core|ipv4|ipv6)\/.*(random|secret)|^ipv4\/tcp_fastopen_key/

/** Whether a link has carrier follows from others, a while later. */
const withoutCarrier = (text: string): string => text.replace(/NO-CARRIER,|,LOWER_UP|,M-DOWN| state \w+| linkdown/g, '')

/** What is said of links that are out of service and wait to be deleted. */
const RETIRED = /\bgone[0-9a-f]{8}\b/

/** Links that are out of service, and are deleted at the latest when their controller is closed. */
export const retired = (netns: string): string => must(['ip', '-o', 'link', 'show', 'group', String(RETIRED_GROUP)], { netns })

/** Everything in a namespace that a verb could leave behind: links, addresses, routes, rules, neighbours' tables, sysctls, nftables. */
export function snapshot(netns: string): Record<string, string> {
  const look = (...argv: string[]) =>
    must(argv, { netns })
      .split('\n')
      .filter((line) => !RETIRED.test(line))
      .join('\n')
  return {
    links: withoutCarrier(look('ip', '-d', '-o', 'link')).replace(/\w+_timer +\S+/g, ''),
    addresses: look('ip', '-o', 'addr').replace(/(valid_lft|preferred_lft) \w+/g, ''),
    routes4: withoutCarrier(look('ip', '-4', 'route', 'show', 'table', 'all')),
    routes6: withoutCarrier(look('ip', '-6', 'route', 'show', 'table', 'all')).replace(/expires \S+/g, ''),
    rules: look('ip', 'rule'),
    nftables: look('nft', 'list', 'ruleset'),
    sysctls: sysctls(netns),
  }
}

/** sysctl(8) looks at all that there is, which takes four times as long as these. */
function sysctls(netns: string): string {
  // Some may only be written.
  const { stdout } = run(['grep', '-rs', '', '/proc/sys/net'], { netns })
  return stdout
    .replaceAll(/^\/proc\/sys\/net\//gm, '')
    .split('\n')
    .filter((line) => !VOLATILE.test(line) && !RETIRED.test(line))
    .join('\n')
}

/** Namespaces that are kept by a mount below `folder`, and files there that would keep one. */
export const pinned = (folder: string): readonly string[] => {
  const mounted = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .flatMap((line) => (line.startsWith('nsfs ') ? [line.split(' ')[1] ?? ''] : []))
    .filter((path) => path.startsWith(`${folder}/`))
  const present = statSync(folder, { throwIfNoEntry: false }) ? readdirSync(folder).map((name) => `${folder}/${name}`) : []
  return [...new Set([...mounted, ...present])]
}

interface Link {
  readonly ifname: string
  readonly operstate: string
  readonly master?: string
}

/**
 * Waits until a namespace changes no more by itself: addresses are no longer tentative, and the kernel has noticed that the
 * ports of its bridges have carrier.
 */
export async function settled(netns: string): Promise<void> {
  for (let patience = 100; patience > 0; patience--) {
    const links = JSON.parse(must(['ip', '-j', 'link'], { netns })) as readonly Link[]
    const ports = links.filter(({ master }) => master !== undefined)
    const bridges = links.filter(({ ifname }) => ports.some(({ master }) => master === ifname))
    const tentative = must(['ip', '-6', '-o', 'addr', 'show', 'tentative'], { netns })
    if (tentative === '' && [...ports, ...bridges].every(({ operstate }) => operstate === 'UP')) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`${netns} does not come to rest`)
}
