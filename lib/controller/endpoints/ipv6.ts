import { LEAST_MTU } from '../../model/address.ts'
import type { Op, Plan } from '../../model/op.ts'
import { type Netns, readSysctl } from '../../netlink/namespace.ts'

/** Whether the kernel has IPv6, asked until it says so: it may be a module, but one that is never unloaded. */
export function ipv6In(netns: Netns): () => Promise<boolean> {
  let found = false
  return async () => {
    if (!found) found = (await readSysctl(netns, 'net/ipv6/conf/all/disable_ipv6')) !== null
    return found
  }
}

/** Names of links that a plan makes, and that are too small for IPv6. */
export function smallLinks(plan: Plan): ReadonlySet<string> {
  const made = plan.flatMap((op) => (op.op === 'link.add' ? [op, ...('peer' in op && op.peer ? [op.peer] : [])] : []))
  return new Set(made.filter(({ mtu = LEAST_MTU[6] }) => mtu < LEAST_MTU[6]).map(({ name }) => name))
}

const LINK_SETTING = /^net\/ipv6\/(?:conf\/([^/]+)\/)?/

/** The same without settings of IPv6 where there is none. `ipv6`: the kernel has it. */
export function withoutLackingIPv6(plan: Plan, ipv6: boolean): Plan {
  const small = smallLinks(plan)
  const isLacking = (op: Op): boolean => {
    const [found, link = ''] = (op.op === 'sysctl' && LINK_SETTING.exec(op.path)) || []
    return found !== undefined && (!ipv6 || small.has(link))
  }
  return plan.filter((op) => !isLacking(op))
}
