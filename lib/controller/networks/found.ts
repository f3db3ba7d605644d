import type { FoundLink } from '../../drivers/driver.ts'
import { formatCidr } from '../../model/address.ts'
import { isOurs } from '../../model/ids.ts'
import type { Network } from '../../model/network.ts'
import type { Plan } from '../../model/op.ts'
import { dump } from '../../netlink/kernel.ts'
import { readSysctl } from '../../netlink/namespace.ts'
import type { LinkRow } from '../../netlink/tables.ts'
import type { Hall } from '../hall.ts'
import { driverOf } from '../remote/drivers.ts'
import { toConfig } from './config.ts'
import { linkAt } from './links.ts'
import type { Lent } from './raised.ts'

/** The first of the links that a network takes over, or builds on, that somebody else has made. */
export async function foundFor(hall: Hall, network: Network): Promise<FoundLink | undefined> {
  for (const name of driverOf(hall, network).adoptedLinks?.(toConfig(network, undefined)) ?? []) {
    const link = await linkAt(hall.host, name)
    if (link && !isOurs(link.group)) return describe(hall, link)
  }
  return undefined
}

async function describe(hall: Hall, link: LinkRow): Promise<FoundLink> {
  const { index, name, kind, mtu, mac, flags } = link
  const own = (await dump(hall.host, 'address', { link: index })).map(({ address }) => formatCidr(address))
  const master = link.master === 0 ? undefined : await linkAt(hall.host, link.master)
  // A VRF decides by which routes its links send; what they hear is theirs.
  const taken = master && master.kind !== 'vrf' ? { master: master.name } : {}
  return { name, kind, mtu, mac, up: (flags & IFF_UP) !== 0, addresses: own, ...taken }
}

const IFF_UP = 1

/** What the plan is going to overwrite on a link that stays when the network goes. */
export async function settingsBefore(hall: Hall, plan: Plan): Promise<Lent> {
  const paths = plan.flatMap((op) => (op.op === 'sysctl' && !op.undo ? [op.path] : []))
  const values = await Promise.all(paths.map(async (path) => [path, await readSysctl(hall.host, path)] as const))
  return Object.fromEntries(values.flatMap(([path, value]) => (value === null ? [] : [[path, value]])))
}
