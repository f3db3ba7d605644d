/** What the firewall can be asked for: plans of nftables transactions for the namespace in which the controller plays host. */
export { isLengthChain } from './leaving.ts'
export { objectsIn } from './listing.ts'
export { TABLE, USER, uplinks } from './names.ts'
export { ownerIn } from './owner.ts'
export { publish, unpublish } from './ports.ts'
export { type Packet, type Passage, POLICY, Tracer } from './trace.ts'
export { lendUplinks, type Uplinks } from './uplinks.ts'
export { dropChains, type Lengths, lengthsOf, probe, type Remains, raiseWall, razeAll, razeWall, rebuild } from './wall.ts'
