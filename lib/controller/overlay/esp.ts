import { randomBytes } from 'node:crypto'
import { constants } from 'node:os'
import { stateBetween } from '../../drivers/overlay-esp.ts'
import { fault } from '../../model/errors.ts'
import { applyLeniently } from '../../netlink/kernel.ts'
import type { Hall } from '../hall.ts'

const { EAFNOSUPPORT, ENOENT, ENOSYS, EOPNOTSUPP, EPROTONOSUPPORT } = constants.errno
const ABSENT: readonly number[] = [EAFNOSUPPORT, ENOENT, ENOSYS, EOPNOTSUPP, EPROTONOSUPPORT]

/** Tries a state that nobody needs; what it needs may be modules, which are loaded by it. Throws ESP_ABSENT with what is lacking. */
export async function checkEsp({ host }: Pick<Hall, 'host'>, vtep: string): Promise<void> {
  const party = { vtep, session: '' }
  const state = stateBetween(party, party, { tag: 0, secret: randomBytes(32) })
  const { dst, proto, spi } = state
  const [refusal] = await applyLeniently([host], [state, { op: 'xfrm.state.del', dst, proto, spi }])
  if (!refusal) return
  if (!ABSENT.includes(-refusal.errno)) throw refusal
  const { message } = refusal.refusal
  throw fault('ESP_ABSENT', { reason: message || refusal.message, module: dst.length === 4 ? 'esp4' : 'esp6' }, refusal)
}
