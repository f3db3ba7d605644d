import type { Network } from '../../model/network.ts'
import type { LinkRef } from '../../model/op.ts'
import { dump } from '../../netlink/kernel.ts'
import type { Netns } from '../../netlink/namespace.ts'
import type { LinkRow } from '../../netlink/tables.ts'
import { linkAt } from './links.ts'

/** A bridge that filters VLANs, and lets nothing of a network through. */
export interface Barrier {
  readonly bridge: string
  /** 'it is not in VLAN 100 itself' */
  readonly lack: string
  /** What iproute2's `bridge vlan add dev` wants to hear: 'br0 vid 100 self'. */
  readonly missing: string
}

/** What comes out of a parent goes through a bridge at this link; `tag` 0: without a tag. */
interface Entry {
  readonly link: LinkRow
  readonly bridge: LinkRow
  readonly tag: number
}

/** What a bridge has against the endpoints on a parent; undefined where none is in the way, as far as this host shows. */
export async function barrierAt(host: Netns, parent: string): Promise<Barrier | undefined> {
  const entry = await entryOf(host, parent)
  if (!entry?.bridge.vlanFiltering) return undefined
  const { link, bridge, tag } = entry
  const vlans = await dump(host, 'vlan')
  const isIn = ({ index }: LinkRow, vid: number) => vlans.some((row) => row.link === index && row.vid <= vid && vid <= row.end)
  const vid = tag || (vlans.find((row) => row.link === link.index && row.pvid)?.vid ?? 0)
  const isSelf = link.index === bridge.index
  const [who, self] = isSelf ? ['it', ' self'] : [`its port ${link.name}`, '']
  if (vid === 0)
    return {
      bridge: bridge.name,
      lack: `${who} has no VLAN for what has no tag`,
      missing: `${link.name} vid VID pvid untagged${self}`,
    }
  if (!isIn(link, vid))
    return {
      bridge: bridge.name,
      lack: `${who} is not in VLAN ${vid}${isSelf ? ' itself' : ''}`,
      missing: `${link.name} vid ${vid}${self}`,
    }
  const ports = (await dump(host, 'link', { master: bridge.index })).filter(({ index }) => index !== link.index)
  if (ports.length === 0 || (isSelf ? ports : [bridge, ...ports]).some((other) => isIn(other, vid))) return undefined
  const [first] = ports
  const port = first && ports.length === 1 ? first.name : 'PORT'
  return { bridge: bridge.name, lack: `no ${isSelf ? '' : 'other '}port of it is in VLAN ${vid}`, missing: `${port} vid ${vid}` }
}

/** A network is made anyway: VLANs of a bridge may be set at any time. */
export async function warnOfBarrier(host: Netns, { name }: Network, parent: string): Promise<void> {
  const barrier = await barrierAt(host, parent)
  if (!barrier) return
  const { bridge, lack, missing } = barrier
  const words = `network ${name} reaches nobody beyond ${bridge}, which filters VLANs: ${lack} (bridge vlan add dev ${missing})`
  process.emitWarning(words, { code: 'CNM_VLAN_FILTERED' })
}

/** A link on a port of a bridge comes before its filter; one on the bridge, or behind a pair of which one end is a port, does not. */
async function entryOf(host: Netns, parent: string): Promise<Entry | undefined> {
  const { link: foot, tag } = (await footOf(host, parent)) ?? {}
  if (!foot || tag === undefined) return undefined
  if (foot.kind === 'bridge') return { link: foot, bridge: foot, tag }
  if (foot.kind !== 'veth' || foot.parentNetns !== -1) return undefined
  const link = await linkAt(host, foot.parent)
  const bridge = link && link.master !== 0 ? await linkAt(host, link.master) : undefined
  return link && bridge ? { link, bridge, tag } : undefined
}

/** The link below all VLANs of a parent, those that are yet to be made too, and the tag that is seen there. */
async function footOf(host: Netns, parent: string): Promise<{ readonly link: LinkRow; readonly tag: number } | undefined> {
  let ref: LinkRef = parent
  for (let tag = 0; ; ) {
    const link: LinkRow | undefined = await linkAt(host, ref)
    if (link && link.kind !== 'vlan') return { link, tag }
    if (link && link.parentNetns !== -1) return undefined
    const [, below, id]: readonly (string | undefined)[] = /^(.+)\.(\d+)$/.exec(String(ref)) ?? []
    if (!link && below === undefined) return undefined
    tag = link ? link.vlan : Number(id)
    ref = link ? link.parent : (below ?? '')
  }
}
