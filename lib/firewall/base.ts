import type { Family } from '../model/address.ts'
import { BRIDGES, direct, FROM_NETWORK, MASQUERADES, portMaps, SETS, TO_NETWORK, USER, uplinks } from './names.ts'
import {
  accept,
  addBaseChain,
  addChain,
  addSet,
  addTable,
  type Command,
  concat,
  deleteChain,
  deleteSet,
  dispatch,
  dnat,
  drop,
  type Expression,
  flushSet,
  inputLink,
  is,
  isIn,
  isNotIn,
  jump,
  lookup,
  masquerade,
  meta,
  outputLink,
  payload,
  prefix,
  type Statement,
  setRules,
  skip,
  toThisHost,
  tracked,
} from './nft.ts'

const PUBLISHED = 'published'
const LOOPBACK = prefix('127.0.0.0/8')
const priority = { raw: -300, dstnat: -100, filter: 0, srcnat: 100 }

export const ip = (family: Family): 'ip' | 'ip6' => (family === 4 ? 'ip' : 'ip6')
export const ofFamily = (family: Family): Statement => is(meta('nfproto'), `ipv${family}`)
export const families = [4, 6] as const

/** Protocol and port that a packet is sent to; `any`: at whatever address. */
const destination = (family: Family, any: boolean): Expression =>
  concat(...(any ? [] : [payload(ip(family), 'daddr')]), meta('l4proto'), payload('th', 'dport'))

/** What is sent to a published port at the sandbox's own address. */
export const isDirect = (family: Family): Statement => isIn(destination(family, false), direct(family))

const redirect = (family: Family, any: boolean) => {
  const { address, port } = portMaps(family, any)
  const key = destination(family, any)
  return [ofFamily(family), dnat(ip(family), lookup(key, address), lookup(key, port))]
}

/**
 * What every network shares: the table, its sets and maps, and chains that look them up. A packet costs the same however
 * many networks and ports there are. Everything here may be there already: it is declared with the first network
 * and whenever somebody took some of it away, and nobody has to read what is there.
 */
export const base: readonly Command[] = [
  addTable,
  ...SETS.map(addSet),

  addBaseChain('guard', { type: 'filter', hook: 'prerouting', prio: priority.raw }),
  addBaseChain('forward', { type: 'filter', hook: 'forward', prio: priority.filter }),
  addChain(USER),
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
  // The operator is asked first. Then what a network may not send, so that no other rule lets it out.
  ...setRules(
    'forward',
    [jump(USER)],
    [dispatch(inputLink, FROM_NETWORK)],
    [tracked('state', 'established', 'related'), accept],
    [dispatch(outputLink, TO_NETWORK)],
    // The host does not become a router for others because it forwards for us. A bridge that we took over may be both.
    ...families.map((family) => [ofFamily(family), isIn(inputLink, uplinks(family)), isNotIn(inputLink, BRIDGES), drop]),
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

/** Forgets what the sets and maps say of networks, ports and links; the chains stay. */
export const forget: readonly Command[] = SETS.map(flushSet)

const CHAINS = ['guard', 'forward', 'prerouting', 'output', 'postrouting', PUBLISHED]

/** Takes away all of the above but the operator's chain; no chain of a network may be left. */
export const removeBase: readonly Command[] = [
  ...CHAINS.flatMap((name) => setRules(name)),
  ...CHAINS.map(deleteChain),
  ...SETS.map(deleteSet),
]
