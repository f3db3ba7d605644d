import type { Family } from '../model/address.ts'
import { shortId } from '../model/ids.ts'
import { oncePer } from '../model/once-per.ts'
import type { GatewayMode } from '../model/wall.ts'
import { LIMIT_OPTIONS } from './bridge-limits.ts'
import { ROUTE_OPTIONS } from './bridge-routes.ts'
import type { NetworkConfig, Publishing } from './driver.ts'
import { readAddress, readBool, readLinkName, readLinkNames, readMtu, readOptions, readPrefix, readText, readWord } from './options.ts'

const readGatewayMode = readWord<GatewayMode>('gateway mode', ['nat', 'nat-unprotected', 'routed', 'isolated'])

const BRIDGE_NAME = 'com.docker.network.bridge.name'

/** Those that are text are read by the controller; known here so that a misspelt one is refused. */
const NETWORK_OPTIONS = {
  [BRIDGE_NAME]: readLinkName,
  'com.docker.network.bridge.enable_ip_masquerade': readBool,
  'com.docker.network.bridge.enable_icc': readBool,
  'com.docker.network.bridge.gateway_mode_ipv4': readGatewayMode,
  'com.docker.network.bridge.gateway_mode_ipv6': readGatewayMode,
  'com.docker.network.bridge.inhibit_ipv4': readBool,
  'com.docker.network.bridge.host_binding_ipv4': readAddress(),
  'com.docker.network.bridge.host_binding_ipv6': readAddress(6),
  'com.docker.network.bridge.trusted_host_interfaces': readLinkNames,
  'com.docker.network.bridge.default_bridge': readBool,
  'com.docker.network.driver.mtu': readMtu,
  'com.docker.network.container_iface_prefix': readPrefix,
  'com.docker.network.advertise_addr_nmsgs': readText,
  'com.docker.network.advertise_addr_ms': readText,
  'com.docker.network.host_ipv4': readAddress(4),
  'com.docker.network.host_ipv6': readAddress(6),
  ...LIMIT_OPTIONS,
  ...ROUTE_OPTIONS,
}

/** Here too. */
const ENDPOINT_OPTIONS = {
  'com.docker.network.endpoint.ifname': readText,
  'com.docker.network.endpoint.sysctls': readText,
  ...LIMIT_OPTIONS,
  ...ROUTE_OPTIONS,
}

/** A network's options, read, with Docker's defaults. */
export interface Settings {
  readonly link: string
  /** The user named the link, so it may be somebody's. */
  readonly named: boolean
  readonly masquerade: boolean
  readonly icc: boolean
  readonly modes: Readonly<Record<Family, GatewayMode>>
  readonly inhibitIPv4: boolean
  readonly hostIP: Publishing['hostIP']
  readonly trusted: readonly string[]
  /** Absent: the kernel's. */
  readonly mtu?: number
  readonly prefix: string
  /** Source address of what leaves, instead of that of the link it leaves by. */
  readonly source: { readonly [F in Family]?: string }
}

/** The link of a network that was checked before is this one. It costs no more than a look: there may be thousands. */
export const hasLink = ({ id, options: { [BRIDGE_NAME]: name } }: Pick<NetworkConfig, 'id' | 'options'>, link: string): boolean =>
  name === undefined ? link.endsWith(shortId(id)) && link === defaultLink(id) : link === name

const defaultLink = (id: string): string => `br-${shortId(id)}`

type NetworkOptions = ReturnType<typeof readOptions<typeof NETWORK_OPTIONS>>

export const settingsOf = oncePer(({ id, options }: Pick<NetworkConfig, 'options'> & { readonly id?: string }): Settings => {
  const read = readOptions(options, NETWORK_OPTIONS)
  const name = read[BRIDGE_NAME]
  const mtu = read['com.docker.network.driver.mtu']
  const [host4, host6] = [read['com.docker.network.host_ipv4'], read['com.docker.network.host_ipv6']]
  return {
    link: name ?? defaultLink(id ?? ''),
    named: name !== undefined,
    masquerade: read['com.docker.network.bridge.enable_ip_masquerade'] ?? true,
    icc: read['com.docker.network.bridge.enable_icc'] ?? true,
    modes: {
      4: read['com.docker.network.bridge.gateway_mode_ipv4'] ?? 'nat',
      6: read['com.docker.network.bridge.gateway_mode_ipv6'] ?? 'nat',
    },
    inhibitIPv4: read['com.docker.network.bridge.inhibit_ipv4'] ?? false,
    hostIP: hostIPOf(read),
    trusted: read['com.docker.network.bridge.trusted_host_interfaces'] ?? [],
    ...(mtu ? { mtu } : {}),
    prefix: read['com.docker.network.container_iface_prefix'] ?? 'eth',
    source: { ...(host4 ? { 4: host4 } : {}), ...(host6 ? { 6: host6 } : {}) },
  }
})

/** As with Docker, one address of the host, whatever its family, is the only one; `host_binding_ipv6` adds a second. */
function hostIPOf(read: NetworkOptions): Publishing['hostIP'] {
  const first = read['com.docker.network.bridge.host_binding_ipv4'] ?? '0.0.0.0'
  const second = read['com.docker.network.bridge.host_binding_ipv6'] ?? (first === '0.0.0.0' ? '::' : undefined)
  if (first.includes(':')) return { 6: first }
  return { 4: first, ...(second ? { 6: second } : {}) }
}

export const checkEndpointOptions = (options: NetworkConfig['options']): void => void readOptions(options, ENDPOINT_OPTIONS)
