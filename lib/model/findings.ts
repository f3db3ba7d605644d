import { fill, type Holes } from './errors.ts'

const REPAIR = 'cnm repair'

/**
 * Every finding of `cnm doctor`: what was found, why it matters, and the command that puts it right. docs/doctor.md is
 * checked against this table.
 */
export const FINDINGS = {
  STATE_UNUSABLE: ['{reason}', 'no verb works with this state', '{remedy}'],
  NAMESPACE_OWNED: [
    'another controller has its networks here, whose run directory is {run}',
    'no verb works here, and what is stray cannot be told from what is its',
    'cnm doctor --run {dir} --root ROOT',
  ],
  VERB_UNFINISHED: ['a verb was interrupted: {steps} of its steps are to be taken back or finished', 'what it made may be left', REPAIR],
  OWNER_GONE: ['process {pid}, which it belongs to, has ended', 'it holds addresses and ports for nobody', REPAIR],
  NAMESPACE_GONE: ['its namespace is gone: {path}', 'it holds addresses and ports for nobody', 'cnm sandbox rm {name}'],
  NAMESPACE_STRAY: ['{path} is a namespace of no sandbox', 'whatever is in it stays alive', REPAIR],
  RECORD_DANGLING: ['{problem}', 'verbs that come upon it fail', REPAIR],
  RECORD_INVALID: ['{problem}', 'addresses of it are not what they seem', 'restore the state from a backup'],
  NETWORK_DRIFT: ['{subject}: {found}{more}', 'its sandboxes may not reach one another, nor the rest of the world', REPAIR],
  NETWORK_UNFIT: ['{reason}', 'its sandboxes reach nobody, and it takes no more', '{remedy}'],
  VLAN_FILTERED: [
    'bridge {bridge} filters VLANs: {lack}',
    'its sandboxes reach nobody beyond that bridge',
    'bridge vlan add dev {missing}',
  ],
  SANDBOX_DRIFT: ['{subject}: {found}{more}', 'it may not reach others, nor be reached', REPAIR],
  LINK_FOREIGN: ['{subject}: {found}', 'what should have this name cannot be made', 'ip link del {link}'],
  LINK_STRAY: [
    'it bears our mark and belongs to no network or sandbox',
    'its name is taken, and whoever is behind it stays connected',
    REPAIR,
  ],
  NEIGHBOUR_STRAY: ['{address} is said to be at {mac}, where no sandbox is', 'the next sandbox with this address is not reached', REPAIR],
  PEERS_DRIFT: [
    '{key} leads {found}, and should lead {wanted}{more}',
    'endpoints on other hosts are not reached, or others in their place',
    REPAIR,
  ],
  UNDERLAY_GONE: ['{reason}, and networks begin there: {networks}', 'their sandboxes reach nobody on other hosts', '{remedy}'],
  NODE_DOWN: [
    'this node does not show a sign of life: the others take it for down',
    'its endpoints are not reached from other nodes, and their addresses are given to others',
    '{remedy}',
  ],
  NODE_UNKNOWN: ['this node was removed from its swarm', 'nobody may be put on its networks', 'cnm swarm leave --force'],
  ENGINE_AWAY: ['{reason}', 'nothing of the swarm can be changed, and nothing is heard of the other nodes', 'etcdctl endpoint health'],
  SWARM_DRIFT: ['{found}{more}', 'other nodes send what is for it nowhere, or to this one for nothing', REPAIR],
  NETWORK_MISSING: [
    'every swarm has it, and it is not there',
    'sandboxes do not reach the rest of the world, or are not reached',
    '{remedy}',
  ],
  CHECKSUMS_LOST: [
    'datagrams to {vtep} get lost, echo requests do not',
    'a link of this host computes checksums inside of tunnels, and does it wrong, or somebody there lets no datagrams in',
    'ethtool -K {link} tx-udp_tnl-segmentation off tx-udp_tnl-csum-segmentation off tx-checksum-ip-generic off',
  ],
  CHECKSUMS_WRONG: [
    '{count} packets came to it with wrong checksums',
    'a link of another host computes checksums inside of tunnels, and does it wrong: what is sent to it gets lost',
    'on that host: ethtool -K LINK tx-udp_tnl-segmentation off tx-udp_tnl-csum-segmentation off',
  ],
  RULES_DRIFT: ['{differences}', 'packets may pass that should not, or not pass that should', REPAIR],
  RULES_STRAY: ['table inet cnm has rules of networks that are gone', 'they may hold up packets of others', REPAIR],
  FORWARDING_OFF: ['{subject}: {found}{more}', 'networks do not reach the rest of the world', REPAIR],
  FORWARDING_LEFT: ['switched on for networks that are gone: {settings}', 'the host forwards for others', REPAIR],
  NAME_TWICE: ['there is another {kind} of that name', 'verbs find only one of them', 'cnm {kind} rm {id}'],
  POOLS_OVERLAP: ['{pool} overlaps {other} of network {holder}', 'packets for one go to the other', 'cnm network rm {network}'],
  POOL_FORGOTTEN: [
    'it is lent to a container engine, none of whose networks has it',
    'nobody else gets its addresses, until there are no pools left',
    REPAIR,
  ],
  ADDRESS_TWICE: ['{address} is held by {holders}', 'each takes the packets of the other', 'cnm network disconnect {network} {sandbox}'],
  ADDRESS_OUTSIDE: ['{address} is in no subnet of network {network}', 'it is not reached', 'cnm network disconnect {network} {sandbox}'],
  LEASES_DIFFER: [
    '{leases} addresses of {pool} are held, the records know of {known}',
    'they may run out',
    'end this program, and start it again',
  ],
  NETWORK_NEARLY_FULL: ['{count} endpoints; its driver takes {limit}', 'it takes no more then', 'put further sandboxes on another network'],
  SUBNET_NEARLY_FULL: [
    '{available} addresses of {pool} are left',
    'it takes no more sandboxes then',
    'put further sandboxes on another network, of a larger --subnet',
  ],
  ROUTE_HIDES: [
    'a route to {route} {by} hides a part of {subnet}',
    'the host does not reach its sandboxes there, and nobody does through published ports',
    'ip route del {route}, or make it anew with another --subnet',
  ],
  PORT_SHADOWED: [
    'port {port} leads to it, and {holder} listens there too',
    'that program is not reached',
    'stop {holder}, or publish another port',
  ],
  PLUGIN_OVERDUE: ['it has not been told yet: {calls}', 'it keeps what nobody has any more', REPAIR],
  FOREIGN_DROP: ['it drops {packet}: {rule}', 'whoever drops has the last word', '{remedy}'],
} as const satisfies Record<string, readonly [what: string, why: string, fix: string]>

export type FindingCode = keyof typeof FINDINGS

type Filling<C extends FindingCode> = { readonly [H in Holes<(typeof FINDINGS)[C][0] | (typeof FINDINGS)[C][2]>]: string | number }

/** Something that is not as it should be. */
export interface Finding {
  readonly code: FindingCode
  /** What it is about: 'network front', 'sandbox web', 'link br-0f3ac1d2e4b5'. */
  readonly subject: string
  readonly what: string
  readonly why: string
  /** The command that puts it right, or what is to be done where there is none. */
  readonly fix: string
}

/** A finding whose sentences are filled in; the compiler knows which values the code's sentences need. */
export function finding<C extends FindingCode>(code: C, subject: string, values: Filling<C>): Finding {
  const [what, why, fix] = FINDINGS[code]
  return { code, subject, what: fill(what, values), why, fix: fill(fix, values) }
}
