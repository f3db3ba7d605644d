/** What the firewall can be asked for: plans of nftables transactions for the namespace in which the controller plays host. */
export { publish, unpublish } from './ports.ts'
export { type Packet, type Passage, Tracer } from './trace.ts'
export { lendUplinks } from './uplinks.ts'
export { raiseWall, razeWall } from './wall.ts'
