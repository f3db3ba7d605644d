import type { Underlay } from '../../drivers/driver.ts'
import { formatAddress, parseAddress } from '../../model/address.ts'
import { fault } from '../../model/errors.ts'
import { dump } from '../../netlink/kernel.ts'
import type { Hall } from '../hall.ts'
import { linkAt } from '../networks/links.ts'

/** How this host takes part in networks of more than one host. */
export interface DataPath {
  /** Its address on the network between the hosts: '10.99.0.2'. */
  readonly address: string
  /** UDP, the same on all hosts. Default: 4789. */
  readonly port?: number
}

const VXLAN_PORT = 4789

export const portOf = (hall: Pick<Hall, 'dataPath'>): number => hall.dataPath()?.port ?? VXLAN_PORT

/** The underlay as it is now. Throws NETWORK_NOT_SWARM, DATA_PATH_ABSENT. */
export async function underlayOf(hall: Hall): Promise<Underlay> {
  const dataPath = hall.dataPath()
  if (!dataPath) throw fault('NETWORK_NOT_SWARM', {})
  const wanted = parseAddress(dataPath.address)
  const rows = wanted ? await dump(hall.host, 'address', { family: wanted.family }) : []
  const row = rows.find(({ address }) => address.value === wanted?.value)
  const link = row && (await linkAt(hall.host, row.link))
  if (!wanted || !link) throw fault('DATA_PATH_ABSENT', { address: dataPath.address })
  return { address: formatAddress(wanted), link: link.name, mtu: link.mtu, port: portOf(hall) }
}
