import type { Family } from '../model/address.ts'
import { LEAVING } from './leaving.ts'
import {
  BRIDGES,
  direct,
  families,
  INTERNAL,
  ip,
  MASQUERADES,
  OWNER,
  portMaps,
  ROUTED,
  SETS,
  STRANGERS,
  sources,
  TRUSTED,
  UNPROTECTED,
  USER,
  uplinks,
  WITHIN,
} from './names.ts'
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
  PRIORITY,
  payload,
  prefix,
  type Rule,
  type Statement,
  setRules,
  skip,
  snat,
  toThisHost,
  tracked,
} from './nft.ts'

const PUBLISHED = 'published'
const LOOPBACK = prefix('127.0.0.0/8')
const ENTERING = 'entering'
const PING = { 4: 'icmp', 6: 'ipv6-icmp' } as const

const ofFamily = (family: Family): Statement => is(meta('nfproto'), `ipv${family}`)
const within = concat(inputLink, outputLink)
const isPublished = tracked('status', 'dnat')

/** Protocol and port that a packet is sent to; `any`: at whatever address. */
const destination = (family: Family, any: boolean): Expression =>
  concat(...(any ? [] : [payload(ip(family), 'daddr')]), meta('l4proto'), payload('th', 'dport'))

/** What is sent to a published port at the sandbox's own address. */
const isDirect = (family: Family): Statement => isIn(destination(family, false), direct(family))

const redirect = (family: Family, any: boolean) => {
  const { address, port } = portMaps(family, any)
  const key = destination(family, any)
  return [ofFamily(family), dnat(ip(family), lookup(key, address), lookup(key, port))]
}

/** What gets into a network: through a port that was published on the host, from a neighbour, or as its gateway modes say. */
const entries: readonly Rule[] = [
  [isPublished, isNotIn(outputLink, INTERNAL), accept],
  [isIn(within, WITHIN), isNotIn(outputLink, STRANGERS), accept],
  [isIn(within, WITHIN), drop],
  [isIn(concat(outputLink, meta('nfproto')), UNPROTECTED), accept],
  ...families.flatMap((family) => [
    [ofFamily(family), is(meta('l4proto'), PING[family]), isIn(concat(outputLink, meta('nfproto')), ROUTED), accept],
    [isDirect(family), isIn(concat(outputLink, meta('nfproto')), ROUTED), accept],
    [isDirect(family), isIn(concat(inputLink, outputLink, meta('nfproto')), TRUSTED), accept],
  ]),
  [drop],
]

/**
 * What every network shares: the table, its sets and maps, and chains that look them up. A packet costs the same however
 * many networks and ports there are; so does a network, which is elements only: no map leads to a chain, for the kernel would look
 * at all that it leads to whenever one is added. Everything here may be there already: it is declared with the first network
 * and whenever somebody took some of it away, and nobody has to read what is there.
 */
export const base: readonly Command[] = [
  addTable,
  ...SETS.map(addSet),

  addBaseChain('guard', { type: 'filter', hook: 'prerouting', prio: PRIORITY.raw }),
  addBaseChain('forward', { type: 'filter', hook: 'forward', prio: PRIORITY.filter }),
  addChain(USER),
  addChain(OWNER),
  addChain(PUBLISHED),
  addChain(ENTERING),
  addChain(LEAVING),
  addBaseChain('prerouting', { type: 'nat', hook: 'prerouting', prio: PRIORITY.dstnat }),
  addBaseChain('output', { type: 'nat', hook: 'output', prio: PRIORITY.dstnat }),
  addBaseChain('postrouting', { type: 'nat', hook: 'postrouting', prio: PRIORITY.srcnat }),

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
    [isIn(inputLink, INTERNAL), isNotIn(within, WITHIN), drop],
    [tracked('state', 'established', 'related'), accept],
    [isIn(outputLink, BRIDGES), jump(ENTERING)],
    // The host does not become a router for others because it forwards for us. A bridge that we took over may be both.
    ...families.map((family) => [ofFamily(family), isIn(inputLink, uplinks(family)), isNotIn(inputLink, BRIDGES), drop]),
  ),
  ...setRules(ENTERING, ...entries),
  ...setRules(PUBLISHED, ...families.flatMap((family) => [redirect(family, false), redirect(family, true)])),
  // A port published on 127.0.0.1 is not for those who send to that address from elsewhere.
  ...setRules('prerouting', [is(payload('ip', 'daddr'), LOOPBACK), skip], [toThisHost, jump(PUBLISHED)]),
  // No answer finds its way back to ::1 from another link; refused at once, clients go on to 127.0.0.1.
  ...setRules('output', [is(payload('ip6', 'daddr'), '::1'), skip], [toThisHost, jump(PUBLISHED)]),
  ...setRules(
    'postrouting',
    // To a neighbour, or oneself, through a published port: the answer has to come back this way.
    [isPublished, isIn(within, WITHIN), masquerade],
    // From the host's own loopback to a published port.
    [isIn(outputLink, BRIDGES), is(payload('ip', 'saddr'), LOOPBACK), masquerade],
  ),
  ...setRules(
    LEAVING,
    [isIn(within, WITHIN), skip],
    ...families.map((family) => [ofFamily(family), snat(ip(family), lookup(inputLink, sources(family)))]),
    [isIn(concat(inputLink, meta('nfproto')), MASQUERADES), masquerade],
  ),
]

/** Forgets what the sets and maps say of networks, ports and links; the chains stay. */
export const forget: readonly Command[] = SETS.map(flushSet)

const CHAINS = ['guard', 'forward', 'prerouting', 'output', 'postrouting', OWNER, PUBLISHED, ENTERING, LEAVING]

/** Takes away all of the above but the operator's chain; nothing of a network may be left. */
export const removeBase: readonly Command[] = [
  ...CHAINS.flatMap((name) => setRules(name)),
  ...CHAINS.map(deleteChain),
  ...SETS.map(deleteSet),
]
