import { constants } from 'node:os'
import type { Op } from '../../model/op.ts'
import { applyLeniently } from '../../netlink/kernel.ts'
import type { Netns } from '../../netlink/namespace.ts'

/** Of a kind that the kernel has, it would first find that no link has an address of many. */
const IMPOSSIBLE: Op = { op: 'link.add', kind: 'dummy', name: 'cnm-dummy', mac: Uint8Array.of(1, 0, 0, 0, 0, 0) }

/** Whether the kernel has links of the kind dummy. It may be a module, which is loaded by being asked for. */
export function dummyIn(netns: Netns): () => Promise<boolean> {
  let asked: Promise<boolean> | undefined
  const ask = async () => (await applyLeniently([netns], [IMPOSSIBLE])).every(({ errno }) => errno !== -constants.errno.EOPNOTSUPP)
  return () => (asked ??= ask())
}
