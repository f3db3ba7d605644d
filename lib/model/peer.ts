/** An endpoint on another host, as the data path of an overlay network has to know it. */
export interface Peer {
  readonly endpointId: string
  readonly networkId: string
  readonly nodeId: string
  /** underlay address of its host: '10.99.0.2' */
  readonly vtep: string
  readonly mac: string
  /** '10.0.1.5/24' */
  readonly address?: string
  readonly address6?: string
}
