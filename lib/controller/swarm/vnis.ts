import { fault } from '../../model/errors.ts'
import type { Network, Options } from '../../model/network.ts'
import { VNI_OPTION } from '../../model/swarm.ts'

const FIRST = 4096

const vnisOf = ({ options }: Pick<Network, 'options'>): readonly number[] => (options[VNI_OPTION] ?? '').split(',').map(Number)

/**
 * The options of a network with a VNI that no other network of the swarm has: the one that was asked for, or the lowest free.
 * Whether what was asked for is a VNI at all, the driver says.
 */
export function withVni({ options, pools }: Pick<Network, 'options' | 'pools'>, others: Iterable<Network>): Options {
  const holders = new Map([...others].flatMap((network) => vnisOf(network).map((vni) => [vni, network.name])))
  if (options[VNI_OPTION] === undefined) {
    let vni = FIRST
    while (holders.has(vni)) vni++
    return { ...options, [VNI_OPTION]: String(vni) }
  }
  const clash = vnisOf({ options }).find((vni) => holders.has(vni))
  if (clash === undefined) return options
  throw fault('VNI_TAKEN', { vni: clash, pool: pools[0]?.subnet ?? '', holder: holders.get(clash) ?? '' })
}
