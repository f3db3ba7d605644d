import { objectsIn, TABLE, uplinks } from '../../firewall/firewall.ts'
import { finding } from '../../model/findings.ts'
import { listNftTable } from '../../netlink/kernel.ts'
import { raisedWalls } from '../guard/mend.ts'
import type { Hall } from '../hall.ts'
import { closeWay, lentTo } from '../networks/forwarding.ts'
import type { Lent } from '../networks/raised.ts'
import { forgetWay, lentOf } from '../networks/ways.ts'
import { type Ailment, taking } from './ailment.ts'

/** Forwarding that was lent, and that no network needs any more. */
export async function leftForwarding(hall: Hall): Promise<readonly Ailment[]> {
  if ((await raisedWalls(hall)).length > 0) return []
  const lent = { ...(await keptFromOthers(hall)), ...lentOf(hall) }
  if (Object.keys(lent).length === 0) return []
  const mend = taking({ plan: await closeWay(hall, lent), record: () => forgetWay(hall) })
  return [{ finding: finding('FORWARDING_LEFT', 'host', { settings: Object.keys(lent).join(', ') }), mend }]
}

/** What our rules keep others from: where the run directory was lost, only they still know. */
async function keptFromOthers(hall: Hall): Promise<Lent> {
  const objects = objectsIn(await listNftTable(hall.host, TABLE))
  const lent: Lent[] = []
  for (const family of [4, 6] as const) {
    const { set } = objects.find((object) => object.set?.name === uplinks(family).name) ?? {}
    lent.push(await lentTo(hall, family, set?.elem ?? []))
  }
  return Object.assign({}, ...lent)
}
