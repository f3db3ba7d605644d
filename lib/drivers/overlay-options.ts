import { parseAddress } from '../model/address.ts'
import { fault } from '../model/errors.ts'
import { VNI_OPTION, WIREGUARD_PORT_OPTION } from '../model/swarm.ts'
import { ROUTE_OPTIONS } from './bridge-routes.ts'
import type { Mtu, NetworkConfig } from './driver.ts'
import { type Reader, readMtu, readOptions, readPrefix, readText } from './options.ts'

export const FIRST_WIREGUARD_PORT = 51_820

const MOST_VNI = 0xffffff

/** '4097', or '4097,4098': Docker wants one for each subnet, and here the first is that of all of them. */
const readVnis: Reader<readonly number[]> = (text) =>
  text.split(',').map((vni) => {
    if (!/^\d+$/.test(vni) || Number(vni) > MOST_VNI) throw new Error(`invalid vxlan id value ${vni}`)
    return Number(vni)
  })

const readPort: Reader<number> = (text) => {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535) throw new Error('not a port')
  return port
}

/** Those that are text are read by the controller; known here so that a misspelt one is refused. */
const NETWORK_OPTIONS = {
  [VNI_OPTION]: readVnis,
  encrypted: readText,
  [WIREGUARD_PORT_OPTION]: readPort,
  'com.docker.network.driver.mtu': readMtu,
  'com.docker.network.container_iface_prefix': readPrefix,
  'com.docker.network.advertise_addr_nmsgs': readText,
  'com.docker.network.advertise_addr_ms': readText,
  ...ROUTE_OPTIONS,
}

const ENDPOINT_OPTIONS = {
  'com.docker.network.endpoint.ifname': readText,
  'com.docker.network.endpoint.sysctls': readText,
  ...ROUTE_OPTIONS,
}

export interface OverlaySettings {
  readonly vni: number
  /** Between the hosts, and by what. */
  readonly encrypted: 'esp' | 'wireguard' | undefined
  readonly wireguardPort: number
  readonly prefix: string
  /** Of the underlay, where it is not that of the link. */
  readonly mtu?: number
}

export function overlaySettingsOf({ options }: Pick<NetworkConfig, 'options'>): OverlaySettings {
  const read = readOptions(options, NETWORK_OPTIONS)
  const vni = read[VNI_OPTION]?.[0]
  if (vni === undefined) throw fault('INVALID_OPTION', { key: VNI_OPTION, value: '', reason: 'no VNI provided' })
  const mtu = read['com.docker.network.driver.mtu']
  return {
    vni,
    encrypted: read.encrypted === undefined ? undefined : read.encrypted === 'wireguard' ? 'wireguard' : 'esp',
    wireguardPort: read[WIREGUARD_PORT_OPTION] ?? FIRST_WIREGUARD_PORT,
    prefix: read['com.docker.network.container_iface_prefix'] ?? 'eth',
    ...(mtu ? { mtu } : {}),
  }
}

/** What no two networks may have. */
export interface Places {
  readonly vni: number
  /** undefined: WireGuard has nothing to do with it. */
  readonly wireguardPort: number | undefined
}

/** Those of another network; it may have options that this program does not know, for a later one has made it. */
export const placesOf = ({ options }: Pick<NetworkConfig, 'options'>): Places => ({
  vni: Number.parseInt(options[VNI_OPTION] ?? '', 10),
  wireguardPort: options['encrypted'] === 'wireguard' ? Number(options[WIREGUARD_PORT_OPTION] ?? FIRST_WIREGUARD_PORT) : undefined,
})

export const checkOverlayEndpoint = (options: NetworkConfig['options']): void => void readOptions(options, ENDPOINT_OPTIONS)

/** What a frame is wrapped in, from outside in, in bytes. */
const HEADERS = { 4: [20, 'IPv4'], 6: [40, 'IPv6'] } as const
const INNER = [
  [8, 'UDP'],
  [8, 'VXLAN'],
  [14, 'Ethernet'],
] as const
/** Of ESP with AES-GCM: its header with the IV, and the value that proves what is inside. */
const ESP = [
  [16, 'ESP'],
  [16, 'ICV'],
] as const
/** Before what it carries, a packet inside a packet, and behind it. */
const WIREGUARD = [
  [8, 'UDP'],
  [16, 'WireGuard'],
  [16, 'Poly1305'],
] as const
/** How long the padding is, and what follows. */
const TRAILER = 2
const ALIGNMENT = 4

/** What is left for an endpoint's packets of what the underlay takes. */
export function innerMtu({ underlay }: NetworkConfig, { mtu, encrypted }: OverlaySettings): Mtu {
  const whole = mtu ?? underlay?.mtu ?? ETHERNET_MTU
  const ip = HEADERS[parseAddress(underlay?.address ?? '')?.family ?? 4]
  const outer = [ip, ...(encrypted === 'esp' ? ESP : []), ...(encrypted === 'wireguard' ? [...WIREGUARD, ip] : [])]
  const room = whole - sum(outer)
  const padding = encrypted === 'esp' ? (room % ALIGNMENT) + TRAILER : 0
  const parts = [...outer, ...(encrypted === 'esp' ? [[padding, 'ESP trailer'] as const] : []), ...INNER]
  const source = mtu ? 'com.docker.network.driver.mtu' : (underlay?.link ?? 'Ethernet')
  return {
    bytes: whole - sum(parts),
    derivation: `${whole} of ${source}${parts.map(([bytes, what]) => ` - ${bytes} ${what}`).join('')}`,
  }
}

/** What WireGuard's own link takes, for that. */
export const wireguardMtu = (inner: number, address: string): number => inner + sum([HEADERS[parseAddress(address)?.family ?? 4], ...INNER])

const ETHERNET_MTU = 1500

const sum = (parts: readonly (readonly [number, string])[]): number => parts.reduce((total, [bytes]) => total + bytes, 0)
