import type { Family } from '../model/address.ts'
import { BRIDGES, FROM_NETWORK, MASQUERADES, portMaps, TO_NETWORK, uplinks } from './names.ts'
import {
  accept,
  addBaseChain,
  addChain,
  addMap,
  addSet,
  addTable,
  type Command,
  concat,
  dispatch,
  dnat,
  drop,
  inputLink,
  is,
  isIn,
  jump,
  lookup,
  masquerade,
  meta,
  outputLink,
  payload,
  prefix,
  setRules,
  skip,
  toThisHost,
  tracked,
} from './nft.ts'

const PUBLISHED = 'published'
const LOOPBACK = prefix('127.0.0.0/8')
const priority = { raw: -300, dstnat: -100, filter: 0, srcnat: 100 }

const ip = (family: Family): 'ip' | 'ip6' => (family === 4 ? 'ip' : 'ip6')
const ofFamily = (family: Family) => is(meta('nfproto'), `ipv${family}`)
const families = [4, 6] as const

const declarePorts = (family: Family, any: boolean): readonly Command[] => {
  const maps = portMaps(family, any)
  const type = [...(any ? [] : [`ipv${family}_addr`]), 'inet_proto', 'inet_service']
  return [addMap(maps.address, type, `ipv${family}_addr`), addMap(maps.port, type, 'inet_service')]
}

const redirect = (family: Family, any: boolean) => {
  const maps = portMaps(family, any)
  const key = concat(...(any ? [] : [payload(ip(family), 'daddr')]), meta('l4proto'), payload('th', 'dport'))
  return [ofFamily(family), dnat(ip(family), lookup(key, maps.address), lookup(key, maps.port))]
}

/**
 * What every network shares: the table, its sets and maps, and chains that look them up. A packet costs the same however
 * many networks and ports there are. Everything here may be there already: each change that adds a network declares it
 * again, so nobody has to read what is there.
 */
export const base: readonly Command[] = [
  addTable,
  addSet(BRIDGES, 'ifname'),
  ...families.map((family) => addSet(uplinks(family), 'ifname')),
  addMap(TO_NETWORK, 'ifname', 'verdict'),
  addMap(FROM_NETWORK, 'ifname', 'verdict'),
  addMap(MASQUERADES, 'ifname', 'verdict'),
  ...families.flatMap((family) => [...declarePorts(family, false), ...declarePorts(family, true)]),

  addBaseChain('guard', { type: 'filter', hook: 'prerouting', prio: priority.raw }),
  addBaseChain('forward', { type: 'filter', hook: 'forward', prio: priority.filter }),
  addChain(PUBLISHED),
  addBaseChain('prerouting', { type: 'nat', hook: 'prerouting', prio: priority.dstnat }),
  addBaseChain('output', { type: 'nat', hook: 'output', prio: priority.dstnat }),
  addBaseChain('postrouting', { type: 'nat', hook: 'postrouting', prio: priority.srcnat }),

  // Bridges have route_localnet; it is for answers to the host's own loopback, and opens it to nobody.
  ...setRules(
    'guard',
    [isIn(inputLink, BRIDGES), is(payload('ip', 'daddr'), LOOPBACK), drop],
    [isIn(inputLink, BRIDGES), is(payload('ip', 'saddr'), LOOPBACK), drop],
  ),
  // What a network may not send is decided first, so that no other rule lets it out.
  ...setRules(
    'forward',
    [dispatch(inputLink, FROM_NETWORK)],
    [tracked('state', 'established', 'related'), accept],
    [dispatch(outputLink, TO_NETWORK)],
    // The host does not become a router for others because it forwards for us.
    ...families.map((family) => [ofFamily(family), isIn(inputLink, uplinks(family)), drop]),
  ),
  ...setRules(PUBLISHED, ...families.flatMap((family) => [redirect(family, false), redirect(family, true)])),
  // A port published on 127.0.0.1 is not for those who send to that address from elsewhere.
  ...setRules('prerouting', [is(payload('ip', 'daddr'), LOOPBACK), skip], [toThisHost, jump(PUBLISHED)]),
  // No answer finds its way back to ::1 from another link; refused at once, clients go on to 127.0.0.1.
  ...setRules('output', [is(payload('ip6', 'daddr'), '::1'), skip], [toThisHost, jump(PUBLISHED)]),
  ...setRules(
    'postrouting',
    [dispatch(inputLink, MASQUERADES)],
    // Once more by output link: what br_netfilter bridges has no input link here.
    [dispatch(outputLink, MASQUERADES)],
    // From the host's own loopback to a published port.
    [isIn(outputLink, BRIDGES), is(payload('ip', 'saddr'), LOOPBACK), masquerade],
  ),
]
