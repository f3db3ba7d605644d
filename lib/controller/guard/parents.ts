import type { Network } from '../../model/network.ts'
import type { KernelEvent } from '../../netlink/monitor.ts'
import { driftOn } from '../doctor/drift.ts'
import type { Hall } from '../hall.ts'

const IFF_UP = 1

/** Names of links that came, went, rose, got another master, or another name. */
export function stirred(event: KernelEvent<'link'>): ReadonlySet<string> {
  if (event.type === 'snapshot') return new Set(event.rows.map(({ name }) => name))
  const { row, before } = event
  if (event.type !== 'changed' || !before) return new Set([row.name])
  if (row.name !== before.name) return new Set([before.name, row.name])
  const rose = (row.flags & ~before.flags & IFF_UP) !== 0
  return new Set(rose || row.master !== before.master ? [row.name] : [])
}

/** How the endpoints of a network are after something happened to the link that they are on. */
export interface Aftermath {
  /** What keeps them from being put back; undefined when nothing does. */
  readonly obstacle: string | undefined
  /** Puts them, and what else the network had there, back where it is missing. Rejects with what the kernel refused. */
  readonly mend: (() => Promise<void>) | undefined
}

export async function aftermath(hall: Hall, network: Network): Promise<Aftermath> {
  const ailments = await driftOn(hall, network)
  const unfit = ailments.find(({ finding }) => finding.code === 'NETWORK_UNFIT')
  const drift = ailments.filter(({ finding: { code } }) => code === 'NETWORK_DRIFT' || code === 'SANDBOX_DRIFT')
  const mend = async () => {
    for (const { mend } of drift) await mend?.(hall)
  }
  return { obstacle: unfit?.finding.what, mend: drift.length > 0 ? mend : undefined }
}
