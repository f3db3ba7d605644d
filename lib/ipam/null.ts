import { fault } from '../model/errors.ts'
import type { IpamDriver } from './driver.ts'

const SPACE = 'null'
const SUBNETS = ['0.0.0.0/0', '::/0'] as const
const idOf = (subnet: string): string => `${SPACE}/${subnet}`

/** For networks without addresses: everybody has the same pool, and nobody gets anything from it. */
export const nullIpam: IpamDriver = {
  name: 'null',
  capabilities: { requiresMACAddress: false, requiresRequestReplay: false },

  defaultAddressSpaces: () => ({ local: SPACE, global: SPACE }),

  requestPool({ space, pool, subPool, v6 }) {
    if (space !== SPACE) throw fault('IPAM_NULL_SPACE', { space })
    if (pool !== '') throw fault('IPAM_NULL_REQUEST', { what: 'pool', flag: '--subnet' })
    if (subPool !== '') throw fault('IPAM_NULL_REQUEST', { what: 'subpool', flag: '--ip-range' })
    const subnet = SUBNETS[v6 ? 1 : 0]
    return { id: idOf(subnet), pool: subnet, data: {} }
  },

  releasePool: checkPool,

  requestAddress(poolId) {
    checkPool(poolId)
    return ''
  },

  releaseAddress: checkPool,
}

function checkPool(id: string): void {
  if (!SUBNETS.map(idOf).includes(id)) throw fault('IPAM_NULL_POOL', { pool: id })
}
