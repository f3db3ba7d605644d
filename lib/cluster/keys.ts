import type { Id } from '../model/ids.ts'

/** What every node watches. */
export const STATE = 'state/'

export const SWARM = 'state/swarm'

/** Written with every network that comes or goes, and by nodes: who chooses a subnet or a VNI, or goes last, has seen all the others. */
export const DEFINITIONS = 'state/definitions'

export const NODES = 'state/nodes/'
export const nodeKey = (id: Id): string => `${NODES}${id}`

/** Tied to the lease of its node. */
export const ALIVE = 'state/alive/'
export const aliveKey = (id: Id): string => `${ALIVE}${id}`

/** What encrypted networks are encrypted with, sealed for each node. */
export const RING = 'state/ring'

/** Tied to a lease of its own: gone, the ring is old. */
export const FRESH = 'state/fresh'

/** What each node has heard of the ring. */
export const HEARINGS = 'state/hearings/'
export const hearingKey = (id: Id): string => `${HEARINGS}${id}`

export const NETWORKS = 'state/networks/'
export const networkKey = (id: Id): string => `${NETWORKS}${id}`

/** Tied to the lease of its node. */
export const ENDPOINTS = 'state/endpoints/'
export const guestsPrefix = (network: Id): string => `${ENDPOINTS}${network}/`
export const endpointKey = (network: Id, id: Id): string => `${guestsPrefix(network)}${id}`

/** An address that somebody holds, tied to the same lease as the endpoint; nobody watches these. */
export const HELD = 'held/'
export const heldPrefix = (network: Id): string => `${HELD}${network}/`
export const heldKey = (network: Id, ip: string): string => `${heldPrefix(network)}${ip}`
