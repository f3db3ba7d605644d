import { constants } from 'node:os'
import { type Family, formatAddress } from '../../model/address.ts'
import { type CnmError, fault } from '../../model/errors.ts'
import type { Sandbox } from '../../model/network.ts'
import { type Op, SANDBOX } from '../../model/op.ts'
import { quote } from '../../model/words.ts'
import { dump } from '../../netlink/kernel.ts'
import { inode, namespaceAt } from '../../netlink/namespace.ts'
import type { NetlinkError } from '../../netlink/refusal.ts'
import { MAIN } from '../../netlink/tables.ts'
import type { Hall } from '../hall.ts'
import { seatsOf } from './endpoints.ts'
import { chooseGateway } from './gateway.ts'
import { seatsInside } from './whereabouts.ts'

type Records = Pick<Hall, 'store'>

/**
 * Who has the default route of a namespace in which another one was to be; undefined where that was not what the kernel refused. A
 * namespace that was joined may have one of its own, or be another sandbox's as well.
 */
export async function routeTaken(hall: Records, path: string, step: Op, { errno }: NetlinkError): Promise<CnmError | undefined> {
  if (errno !== -constants.errno.EEXIST || step.op !== 'route.add' || step.prefix !== 0 || step.at !== SANDBOX) return undefined
  const family = step.to.length === 4 ? 4 : 6
  const other = await neighbourIn(hall, path, family)
  const holder = other ? `sandbox ${other.name}, which is in it too,` : await routeIn(path, family)
  const hint = other
    ? `cnm network connect NETWORK ${quote(other.name)}`
    : `nsenter --net=${quote(path)} ip -${family} route del default; or a network that is --internal`
  return fault('ROUTE_TAKEN', { path, holder, hint })
}

/** A sandbox that has its way out in the same namespace, and is not only recorded there. */
async function neighbourIn({ store }: Records, path: string, family: Family): Promise<Sandbox | undefined> {
  const here = await inodeOf(path)
  for (const other of store.sandboxes.list()) {
    if (other.kind !== 'joined' || (await inodeOf(other.path)) !== here) continue
    if (chooseGateway(await seatsInside(other, seatsOf({ store }, other)), family)) return other
  }
  return undefined
}

async function inodeOf(path: string): Promise<bigint | undefined> {
  using netns = namespaceAt(path)
  return await inode(netns).catch(() => undefined)
}

/** 'somebody else (via 10.0.0.1)' */
async function routeIn(path: string, family: Family): Promise<string> {
  using netns = namespaceAt(path)
  const rows = await dump(netns, 'route', { family })
  const route = rows.find(({ to, table }) => to.prefix === 0 && table === MAIN)
  return `somebody else${route?.via ? ` (via ${formatAddress(route.via)})` : ''}`
}
