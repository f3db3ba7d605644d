import type { Verb } from '../verb.ts'
import { networkConnect } from './network-connect.ts'
import { networkCreate } from './network-create.ts'
import { networkDisconnect } from './network-disconnect.ts'
import { networkExists } from './network-exists.ts'
import { networkInspect } from './network-inspect.ts'
import { networkLs } from './network-ls.ts'
import { networkPeer } from './network-peer.ts'
import { networkPrune } from './network-prune.ts'
import { networkReserve } from './network-reserve.ts'
import { networkRm } from './network-rm.ts'
import { networkUnreserve } from './network-unreserve.ts'
import { networkVerify } from './network-verify.ts'

export const network = (program: Verb): Verb =>
  program
    .command('network')
    .description('Manage networks')
    .examples('cnm network create --internal back', 'cnm network ls --filter type=custom', 'cnm network connect back web')
    .gather(
      networkConnect,
      networkCreate,
      networkDisconnect,
      networkExists,
      networkInspect,
      networkLs,
      networkPeer,
      networkPrune,
      networkReserve,
      networkRm,
      networkUnreserve,
      networkVerify,
    )
