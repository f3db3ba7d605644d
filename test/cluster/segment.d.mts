import type { NetworkDriver, PeerSink } from '../../lib/index.ts'

/** In place of an overlay, where nothing but the swarm is looked at: a pair of links, and nobody at the other end. */
export const segment: NetworkDriver

/** What a data path was told last, by network. */
export class Told implements PeerSink {
  set: PeerSink['set']
  change: PeerSink['change']
  withdrawn: number
  /** 'ADDRESS VTEP' of each, sorted. */
  on(network: string): readonly string[]
}
