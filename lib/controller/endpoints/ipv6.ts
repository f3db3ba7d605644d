import { type Netns, readSysctl } from '../../netlink/namespace.ts'

/** Whether the kernel has IPv6, asked until it says so: it may be a module, but one that is never unloaded. */
export function ipv6In(netns: Netns): () => Promise<boolean> {
  let found = false
  return async () => {
    if (!found) found = (await readSysctl(netns, 'net/ipv6/conf/all/disable_ipv6')) !== null
    return found
  }
}
