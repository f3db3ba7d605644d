import { randomBytes } from 'node:crypto'
import type { Id } from './ids.ts'
import type { Peer } from './peer.ts'

/** An overlay network's VXLAN ids: '4097', or one for each subnet as Docker has it, '4097,4098'. */
export const VNI_OPTION = 'com.docker.network.driver.overlay.vxlanid_list'
/** UDP, of a network that is encrypted by WireGuard; the same on all hosts, and of one network only. */
export const WIREGUARD_PORT_OPTION = 'cnm.wireguard_port'
/** What a swarm gives a network for which it was not asked for: numbers that no other has. */
export const GIVEN_OPTIONS: readonly string[] = [VNI_OPTION, WIREGUARD_PORT_OPTION]

/** What all nodes of a swarm agree on. */
export interface Swarm {
  readonly id: Id
  /** RFC 3339. */
  readonly created: string
  /** Admits a node; the last part of the token. */
  readonly secret: string
  /** Of the CA that signs for the engine, 50 characters of base 36; of the swarm's id where the engine has no TLS. */
  readonly fingerprint: string
  /** Seconds between two signs of life of a node; one that misses three of them is down. */
  readonly heartbeat: number
  /** UDP, of VXLAN. */
  readonly dataPathPort: number
  /** Seconds until what encrypted networks are encrypted with is changed. */
  readonly keyRotation: number
  /** Where automatic subnets of its networks come from: [{ base: '10.0.0.0/8', size: 24 }]. */
  readonly pools: readonly { readonly base: string; readonly size: number }[]
}

export interface SwarmNode {
  readonly id: Id
  /** Its host name when it joined. */
  readonly name: string
  /** Underlay address, for the other nodes: '10.99.0.2'. */
  readonly address: string
  /** Underlay address of its tunnels: as a rule the same. */
  readonly dataPath: string
  readonly joined: string
  /** X25519, base64url: keys are sealed with it, and whoever has its other half can read them. */
  readonly publicKey: string
  /** The same of WireGuard's. */
  readonly wireguardKey: string
}

/** An endpoint of some node, as the whole swarm knows it. */
export interface SwarmEndpoint extends Peer {
  /** Name of its sandbox. */
  readonly sandbox: string
  /** Services that it is a task of. */
  readonly services?: readonly string[]
}

/** A name that endpoints of a network have in common, on whichever node: an alias. '' is that of those who have none. */
export interface Service {
  readonly name: string
  /** By name of their sandbox. */
  readonly tasks: readonly SwarmEndpoint[]
}

/** Of one endpoint: those of many are written in one transaction. */
export const MOST_SERVICES = 64

export const isServiceName = (name: string): boolean => /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,252}$/.test(name)

/** This host's place in a swarm; kept over reboots. */
export interface Membership {
  /** Of the swarm. */
  readonly id: Id
  readonly node: SwarmNode
  /** How many nodes there were when it came. */
  readonly place: number
  /** Both of the swarm, which may be out of reach. */
  readonly heartbeat: number
  readonly dataPathPort: number
  /** 'etcd://10.99.0.2:2379,10.99.0.3:2379/cnm'; '' for the store of this host. */
  readonly engine: string
  /** Paths of PEM files. */
  readonly tls?: EngineTls
}

export interface EngineTls {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyz'

/** Bytes as a number of base 36 with so many digits, as swarmkit writes ids, digests and secrets. */
export const base36 = (bytes: Uint8Array, digits: number): string => {
  let number = BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
  let text = ''
  for (; text.length < digits; number /= 36n) text = `${ALPHABET[Number(number % 36n)]}${text}`
  return text
}

/** 128 random bits in 25 characters. Its short form is never all digits: Docker uses it as a host name. */
export function newSwarmId(): Id {
  for (;;) {
    const id = base36(randomBytes(16), 25)
    if (/[a-z]/.test(id.slice(0, 12))) return id
  }
}
