import { fault } from '../model/errors.ts'
import { type Id, LINK_GROUP, shortId } from '../model/ids.ts'
import type { LinkAdd, Plan } from '../model/op.ts'
import type { EndpointConfig, NetworkConfig, NetworkDriver, OtherNetwork, Publishing } from './driver.ts'
import { checkHostAddresses, furnishHostLink, HOST_ACCESS, noWayToEndpoint, wayToEndpoint } from './host-access.ts'
import { readBool, readMtu, readPrefix, readText } from './options.ts'
import { checkParent, levelsOf, makeParent, PARENT, type Parent, parentOf, readParent, removeParent, smallMtu } from './parent.ts'
import { checkMtu, checkPools } from './pools.ts'

const MTU = 'com.docker.network.driver.mtu'
const PREFIX = 'com.docker.network.container_iface_prefix'

/** Options of a network whose endpoints are links on a parent. Those that are text are read by the controller. */
export const CHILD_OPTIONS = {
  [PARENT]: readParent,
  [MTU]: readMtu,
  [PREFIX]: readPrefix,
  [HOST_ACCESS]: readBool,
  'com.docker.network.advertise_addr_nmsgs': readText,
  'com.docker.network.advertise_addr_ms': readText,
}

/** Of its endpoints. */
export const CHILD_ENDPOINT_OPTIONS = {
  'com.docker.network.endpoint.ifname': readText,
  'com.docker.network.endpoint.sysctls': readText,
}

type ChildOptions = { readonly [K in keyof typeof CHILD_OPTIONS]?: ReturnType<(typeof CHILD_OPTIONS)[K]> }
type Options = NetworkConfig['options']

/** What every child has: its name, its parent, our mark. */
export type Birth = Pick<LinkAdd, 'name' | 'mtu' | 'group'> & { readonly link: string }

/** What tells one kind of child from the other. */
export interface ChildKind {
  readonly name: 'macvlan' | 'ipvlan'
  /** In the names of its links on the host: 'mv-', 'dm-', 'hm-'. */
  readonly initial: 'm' | 'i'
  /** The other kind: no parent carries both. */
  readonly rival: string
  /** The options of a network, read; refuses those that cannot be. */
  read(options: Options): ChildOptions
  /** Refuses the options of an endpoint, and the MAC address that it wants. */
  checkEndpoint(network: NetworkConfig, endpoint: EndpointConfig): void
  /** Why two networks cannot share their parent; undefined when they can. */
  conflict(network: NetworkConfig, other: NetworkConfig, parent: string): string | undefined
  /** Why the host could not reach its endpoints by a child of its own; undefined when it can. */
  seclusion(options: Options): string | undefined
  /** The MAC address of an endpoint; undefined where it has none of its own that anybody could set. */
  macOf(network: NetworkConfig, endpoint: EndpointConfig): string | undefined
  /** That is the parent's. */
  sharesMac(options: Options): boolean
  /** Absent: the host's. */
  child(birth: Birth, network: NetworkConfig, endpoint?: EndpointConfig): LinkAdd
  /** What endpoints send goes by the routes of the host. */
  isRouted(options: Options): boolean
  /** Nobody may be on the parent while it goes. */
  goesAtOnce(options: Options): boolean
  /** Of an endpoint with this address, as JoinSteps have it. */
  gatewayOf(network: NetworkConfig, own: string): string
  maxEndpoints(options: Options): number | undefined
}

/** What a network of a parent publishes: nothing, since what it sends and hears does not pass through the host. */
const PUBLISHING: Publishing = { modes: { 4: 'isolated', 6: 'isolated' }, hostIP: {}, trusted: false }

/** A driver whose endpoints are links on a link of the host, and so on the LAN behind that. */
export function childDriver(kind: ChildKind): NetworkDriver {
  const { name, initial, rival } = kind
  const parentIn = (network: NetworkConfig): Parent => parentOf(initial, network, kind.read(network.options)[PARENT])
  const namesOf = (id: Id) => ({ guest: `${initial}v-${shortId(id)}`, host: `h${initial}-${shortId(id)}` })

  const mtuOf = (network: NetworkConfig): { readonly mtu?: number } => {
    const { [MTU]: mtu } = kind.read(network.options)
    return mtu ? { mtu } : smallMtu(network)
  }
  const birth = (network: NetworkConfig, own: string): Birth => ({
    name: own,
    link: parentIn(network).name,
    group: LINK_GROUP,
    ...mtuOf(network),
  })
  const hasHost = ({ options }: Pick<NetworkConfig, 'options'>): boolean => kind.read(options)[HOST_ACCESS] ?? false

  const makeHostLink = (network: NetworkConfig): Plan => {
    const { host } = namesOf(network.id)
    return hasHost(network) ? [kind.child(birth(network, host), network), ...furnishHostLink(network, host)] : []
  }
  const wayOf = (network: NetworkConfig, endpoint: EndpointConfig) =>
    [namesOf(network.id).host, endpoint, kind.macOf(network, endpoint)] as const

  return {
    name,
    capabilities: { scope: 'local', connectivityScope: 'global' },
    kin: [rival],

    /** The gateway is somebody else's on the LAN: there is one if the user says so. */
    skipGateway({ options }) {
      kind.read(options)
      return { v4: true, v6: true }
    },

    hostAddress: hasHost,
    sharesMac: ({ options }) => kind.sharesMac(options),
    adoptedLinks: (network) => levelsOf(parentIn(network)),
    maxEndpoints: ({ options }) => kind.maxEndpoints(options),
    publishing: () => PUBLISHING,

    createNetwork(network, others) {
      const parent = parentIn(network)
      checkPools(network)
      checkMtu(network, mtuOf(network).mtu, kind.read(network.options)[MTU] ? MTU : parent.name)
      checkParent(name, parent, network)
      for (const other of others.filter(({ options }) => options[PARENT] === parent.name)) checkSharing(network, other, parent.name)
      if (hasHost(network)) checkHost(network)
      return {
        plan: [...makeParent(network, parent, { ...mtuOf(network), routed: kind.isRouted(network.options) }), ...makeHostLink(network)],
        base: parent.name,
      }
    },

    deleteNetwork(network) {
      const host: Plan = hasHost(network) ? [{ op: 'link.del', link: namesOf(network.id).host, behind: true }] : []
      return { plan: [...host, ...removeParent(network, parentIn(network))] }
    },

    createEndpoint(network, endpoint) {
      kind.checkEndpoint(network, endpoint)
      const mac = kind.macOf(network, endpoint)
      const link = kind.child(birth(network, namesOf(endpoint.id).guest), network, endpoint)
      const way = hasHost(network) ? wayToEndpoint(...wayOf(network, endpoint)) : []
      return { plan: [link, ...way], ...(mac ? { mac } : {}) }
    },

    deleteEndpoint(network, endpoint) {
      const behind = kind.goesAtOnce(network.options) ? {} : { behind: true }
      const way = hasHost(network) ? noWayToEndpoint(...wayOf(network, endpoint)) : []
      return { plan: [{ op: 'link.del', link: namesOf(endpoint.id).guest, ...behind }, ...way] }
    },

    join(network, endpoint) {
      const closed = network.internal || parentIn(network).isolated
      const wayOut = (own: string | undefined) => (closed || own === undefined ? '' : kind.gatewayOf(network, own))
      return {
        plan: [],
        link: { name: namesOf(endpoint.id).guest, prefix: kind.read(network.options)[PREFIX] ?? 'eth' },
        gateway: wayOut(endpoint.address),
        gateway6: wayOut(endpoint.address6),
        routes: [],
      }
    },

    leave: () => ({ plan: [] }),
  }

  function checkSharing(network: NetworkConfig, other: OtherNetwork, parent: string): void {
    const both = `${other.kin} network ${other.name} is already using parent interface ${parent}, which cannot carry ${name} too`
    const reason = other.kin ? both : kind.conflict(network, other, parent)
    if (reason) throw fault('PARENT_IN_USE', { reason, network: other.name })
  }

  function checkHost(network: NetworkConfig): void {
    const reason = kind.seclusion(network.options)
    if (reason) throw fault('INVALID_OPTION', { key: HOST_ACCESS, value: 'true', reason })
    checkHostAddresses(network)
  }
}
