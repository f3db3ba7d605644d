import type { Options } from '../model/network.ts'

/** What GetCapabilities of Docker's IPAM plugin protocol answers. */
export interface IpamCapabilities {
  readonly requiresMACAddress: boolean
  /** Its memory is ours: after a restart every pool and address that is held is requested again, by value. */
  readonly requiresRequestReplay: boolean
}

export interface PoolRequest {
  readonly space: string
  /** '' lets the driver choose; '0.0.0.0/24' chooses only the size. */
  readonly pool: string
  /** '' or the part of the pool that dynamic addresses come from. */
  readonly subPool: string
  readonly options: Options
  readonly v6: boolean
  /** In use elsewhere on the host: an automatic choice avoids them. */
  readonly reserved: readonly Reserved[]
}

export interface Reserved {
  /** '10.8.0.0/16' */
  readonly prefix: string
  /** By whom, for the words of a refusal: 'a route through tun0'. */
  readonly by: string
}

export interface PoolAnswer {
  readonly id: string
  /** '172.18.0.0/16' */
  readonly pool: string
  /** com.docker.network.gateway: 'IP/PREFIX' supplies the gateway. */
  readonly data: Options
}

export interface Usage {
  /** Addresses of the subnet that are held, those that the subnet itself takes included. */
  readonly inUse: bigint
  /** Addresses that may still be given out: of the range, where there is one. */
  readonly available: bigint
}

type Answer<T> = T | Promise<T>

/** RequestAddressType of a gateway request; key and value are Docker's. */
export const GATEWAY_REQUEST = { RequestAddressType: 'com.docker.network.gateway' } as const satisfies Options

/**
 * Docker's IpamDriver protocol as an interface; docs/ipam.md says which verb makes which calls. One call is made at a time; nobody
 * interrupts it, and all verbs wait meanwhile, 30 s at most (`plugins.patience`): then the verb ends with DRIVER_SILENT, and what is
 * answered later is given back.
 * Throw CnmError for what cannot be had: POOLS_EXHAUSTED and NO_ADDRESSES are understood, the others end the verb and are
 * shown.
 */
export interface IpamDriver {
  /** What `--ipam-driver` says. */
  readonly name: string
  readonly capabilities: IpamCapabilities
  /** Pools of networks of this host are asked of `local`, those of a cluster of `global`. */
  defaultAddressSpaces(): Answer<{ readonly local: string; readonly global: string }>
  /** A subnet for a network. Two pools that are held at a time have different ids. */
  requestPool(request: PoolRequest): Answer<PoolAnswer>
  /** Its gateway, auxiliary addresses and reservations were released before. */
  releasePool(id: string): Answer<void>
  /**
   * `address` is 'IP', or '' for any. Answers 'IP/PREFIX'; '' from a driver that gives none (null). `options` has
   * GATEWAY_REQUEST for a gateway, and the MAC of an endpoint where the capabilities ask for it.
   */
  requestAddress(poolId: string, address: string, options: Options): Answer<string>
  /** Releasing what is free is no error. `unused`: the verb it was requested for failed, or was only planned. */
  releaseAddress(poolId: string, address: string, unused?: boolean): Answer<void>
  /** How long, in seconds from now on, an address may be used unless the driver's owner renews it; undefined: for ever. */
  lifetime?(poolId: string, address: string): number | undefined
  /** For `network inspect`; a driver that does not count has none. */
  usage?(poolId: string): Answer<Usage>
}
