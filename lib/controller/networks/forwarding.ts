import type { Family } from '../../model/address.ts'
import type { Op, Plan } from '../../model/op.ts'
import { readSysctl } from '../../netlink/namespace.ts'
import type { Hall } from '../hall.ts'
import { type Lent, walledLinks } from './raised.ts'
import { lentOf } from './ways.ts'

export interface Way {
  readonly plan: Plan
  readonly lent: Lent
  /** The host's links that now forward a family for us; the firewall sees to it that it is only for us. */
  readonly uplinks: readonly { readonly family: Family; readonly names: readonly string[] }[]
}

/**
 * Lets traffic through between `links` and the rest of the world. Where the host forwards already, nothing is changed.
 * Otherwise forwarding is switched on link by link, not for the host as a whole: on `links` themselves, and on the host's own
 * links that have an address of the family and are no network's.
 */
export async function openWay(hall: Hall, links: readonly string[], families: readonly Family[]): Promise<Way> {
  const plan: Op[] = []
  const lent: Record<string, string> = {}
  const uplinks: { family: Family; names: readonly string[] }[] = []
  const lend = async (path: string, from: string, to: string): Promise<void> => {
    if ((await readSysctl(hall.host, path)) !== from) return
    plan.push({ op: 'sysctl', path, value: to, undo: [{ op: 'sysctl', path, value: from }] })
    lent[path] = from
  }
  for (const family of families) {
    const isLent = family === 6 && lentOf(hall)[ALL6] !== undefined
    if (!isLent && (await readSysctl(hall.host, family === 4 ? ALL4 : ALL6)) === '1') continue
    const names = await uplinksOf(hall, family, links)
    uplinks.push({ family, names })
    const knob = await knobOf(hall, family)
    if (knob) {
      plan.push(...links.map((link) => ({ op: 'sysctl', path: knob(link), value: '1' }) as const))
      for (const name of names) await lend(knob(name), '0', '1')
    } else {
      // Before Linux 6.17 IPv6 forwards for all links or for none, those to come included; a link that forwards hears routers only
      // with accept_ra 2.
      for (const name of ['default', ...names]) await lend(`net/ipv6/conf/${name}/accept_ra`, '1', '2')
      await lend(ALL6, '0', '1')
    }
  }
  return { plan, lent, uplinks }
}

/** Gives back what was lent, except where the host was made to forward in the meantime: that is somebody else's wish. */
export async function closeWay(hall: Hall, lent: Lent): Promise<Plan> {
  const forwards4 = (await readSysctl(hall.host, ALL4)) === '1'
  const forwards6 = lent[ALL6] === undefined && (await readSysctl(hall.host, ALL6)) === '1'
  return Object.entries(lent)
    .filter(([path]) => !(path.startsWith('net/ipv6/') ? forwards6 : forwards4))
    .map(([path, value]) => ({ op: 'sysctl', path, value }))
}

/** What `names`, links of the host, forward by now. */
export async function lentTo(hall: Hall, family: Family, names: readonly string[]): Promise<Lent> {
  const knob = await knobOf(hall, family)
  const paths = new Set(names.map((name) => (knob ? knob(name) : ALL6)))
  const lent: [string, string][] = []
  for (const path of paths) if ((await readSysctl(hall.host, path)) === '1') lent.push([path, '0'])
  return Object.fromEntries(lent)
}

const ALL4 = 'net/ipv4/ip_forward'
const ALL6 = 'net/ipv6/conf/all/forwarding'

/** The sysctl that makes one link forward; null where the kernel has none for IPv6. */
async function knobOf(hall: Hall, family: Family): Promise<((link: string) => string) | null> {
  if (family === 4) return (link) => `net/ipv4/conf/${link}/forwarding`
  const perLink = (await readSysctl(hall.host, 'net/ipv6/conf/all/force_forwarding')) !== null
  return perLink ? (link) => `net/ipv6/conf/${link}/force_forwarding` : null
}

const LOOPBACK = 'lo'

async function uplinksOf(hall: Hall, family: Family, links: readonly string[]): Promise<readonly string[]> {
  const { addressed } = await hall.lookout.look()
  const names = addressed[family].filter(({ name, master }) => name !== LOOPBACK && master === 0).map(({ name }) => name)
  const own = names.length > 0 ? walledLinks(hall) : new Set()
  return names.filter((name) => !links.includes(name) && !own.has(name))
}
