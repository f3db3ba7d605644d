import { SWARM_ERRORS } from './swarm-errors.ts'

/**
 * Every error of the library: code, HTTP status, sentence, and the way out where there is one. Sentences that Docker has
 * are Docker's to the letter. docs/errors.md is checked against this table.
 */
export const ERRORS = {
  INVALID_ARGUMENT: [400, 'invalid argument: {reason}'],
  INVALID_NAME: [400, 'invalid name: {reason}'],
  INVALID_NETWORK_CONFIG: [400, 'invalid network config:\n{problems}'],
  INVALID_OPTION: [400, 'failed to parse {key} value: {value} ({reason})'],
  OPTION_NOT_INTEGER: [400, 'value for option {key} "{value}" must be {what}'],
  OPTION_OUT_OF_RANGE: [400, '{key} must be in the range {least} to {most}'],
  INVALID_DRIVER_OPT: [400, 'driver-opt "{key}" is not a valid bool'],
  INVALID_ENDPOINT_SETTINGS: [400, 'invalid endpoint settings:\n{problems}'],
  INVALID_PORT: [400, 'invalid port specification: {reason}'],
  NETWORK_EXISTS: [409, 'network with name {name} already exists', 'cnm network inspect {name}'],
  NETWORK_NOT_FOUND: [404, 'network {name} not found', 'cnm network ls'],
  NETWORK_AMBIGUOUS: [400, 'network {name} is ambiguous ({count} matches found {basis})', 'use the full id: cnm network ls --no-trunc'],
  NETWORK_PREDEFINED_CREATE: [403, 'operation is not permitted on predefined {name} network '],
  NETWORK_PREDEFINED_REMOVE: [403, '{name} is a pre-defined network and cannot be removed'],
  NETWORK_IN_USE: [
    403,
    'error while removing network: network {name} has active endpoints ({endpoints})',
    'cnm network disconnect {name} SANDBOX',
  ],
  NETWORK_FULL: [500, 'network {name} is full: a {driver} takes {limit} endpoints', 'put further sandboxes on another network'],
  LINK_TAKEN: [
    409,
    'network {network} has lost its link {link}: somebody else has made one of that name',
    'ip link del {link}, or rename it',
  ],
  NETWORK_LIMIT_ONE: [403, 'only one instance of "{driver}" network is allowed'],
  NETWORK_NOT_SWARM: [
    403,
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
  ],
  NETWORK_NOT_ATTACHABLE: [
    403,
    'Could not attach to network {name}: rpc error: code = PermissionDenied desc = network {name} not manually attachable',
    'cnm network create --driver overlay --attachable',
  ],
  SCOPE_DOWNGRADE: [403, 'cannot downgrade network scope for {driver} networks', 'leave out --scope'],
  SCOPE_LOCAL: [400, 'a {driver} is a network of one host', 'leave out --scope, or --driver overlay'],
  INGRESS_EXISTS: [409, 'rpc error: code = AlreadyExists desc = ingress network ({id}) is already present'],
  DATA_PATH_ABSENT: [409, 'no link of this host has the data path address {address}', 'ip addr; name an address of this host'],
  DATA_PATH_TAKEN: [
    409,
    'UDP port {port}, the data path of overlay networks, is in use by {holder}',
    'end it, or take another data path port on all hosts',
  ],
  VNI_IN_USE: [409, 'vxlan id {vni} is in use by {holder}', 'choose another vxlan id, or remove what has it'],
  PEER_INVALID: [400, 'invalid peer {id}: {what}'],
  PEER_NOT_FOUND: [404, 'network {network} has no such peer: {peer}', 'cnm network peer ls {network}'],
  PEER_EXISTS: [409, 'network {network} knows {what} already: {holder}', 'cnm network peer rm {network} {mac}'],
  KEYS_INVALID: [400, 'invalid keys: {what}'],
  KEYS_NONE: [409, 'no network of this swarm was ever encrypted: there are no keys', 'cnm network create -d overlay -o encrypted NAME'],
  WIREGUARD_PORT: [409, 'network {network} has the WireGuard port {port}', '-o cnm.wireguard_port=PORT'],
  WIREGUARD_ABSENT: [
    500,
    'this kernel has no WireGuard, which is to encrypt what networks send to other hosts: {reason}',
    'modprobe wireguard; or a kernel with CONFIG_WIREGUARD; or -o encrypted, which needs ESP',
  ],
  ESP_ABSENT: [
    500,
    'this kernel cannot encrypt what networks send to other hosts: {reason}',
    'modprobe {module}; or a kernel with CONFIG_INET_ESP, CONFIG_INET6_ESP and CONFIG_CRYPTO_GCM; or leave out -o encrypted',
  ],
  NETWORK_LOCAL: [403, 'network {name} ends with this host: its driver {driver} knows no peers'],
  PEERS_UNKNOWN: [
    409,
    'nobody has told this controller of the peers of network {name} yet',
    'ask the controller that keeps the network: the one of the cluster',
  ],
  NETWORK_NO_SWARM: [403, 'cannot create a swarm scoped network when swarm is not active'],
  NETWORK_INGRESS: [403, 'Ingress network can only be global scope network'],
  CONFIG_OPERATOR: [
    403,
    'configuration network can only contain network specific fields. Network operator fields like [ ingress | internal | attachable | scope ] are not supported.',
  ],
  CONFIG_NESTED: [403, 'a configuration network cannot depend on another configuration network'],
  CONFIG_USER: [403, 'user-specified configurations are not supported if the network depends on a configuration network'],
  CONFIG_OPTIONS: [403, 'network driver options are not supported if the network depends on a configuration network'],
  CONFIG_NOT_FOUND: [404, 'configuration network "{name}" does not exist', 'cnm network create --config-only {name}'],
  CONFIG_IN_USE: [403, 'configuration network "{name}" is in use', 'made after it: {networks}'],
  CONFIG_CONNECT: [403, 'cannot create endpoint on configuration-only network', 'cnm network create --config-from {name} NAME'],
  NETWORK_CONFLICT: [
    403,
    'cannot create network {id} ({link}): conflicts with network {other} ({otherLink}): {reason}',
    'cnm network inspect {name}',
  ],
  PARENT_NOT_FOUND: [
    400,
    'the requested parent interface {parent} was not found on the Docker host',
    'ip link; one that was renamed gets its name back by: ip link set NAME name {parent}',
  ],
  PARENT_LOOPBACK: [400, 'loopback interface is not a valid {driver} parent link', 'name a link that leads to a LAN: ip link'],
  PARENT_NAME: [400, 'invalid subinterface vlan name {parent}, example formatting is eth0.10', 'what follows the dot is the VLAN'],
  PARENT_VLAN: [400, 'vlan id must be between 1-4094, received: {id}'],
  PARENT_ENSLAVED: [
    409,
    'the parent interface {parent} is a port of {master}, which takes all that it hears',
    'parent={master}; or ip link set {parent} nomaster',
  ],
  PARENT_IN_USE: [403, '{reason}', 'cnm network inspect {network}'],
  CHILD_MODE: [400, "requested {driver} {what} '{value}' is not valid, {usual} is the {driver} driver default"],
  MAC_UNSUPPORTED: [400, 'ipvlan interfaces do not support custom mac address assignment', 'use macvlan'],
  DRIVER_NOT_FOUND: [404, 'could not find plugin {name} in v1 plugin registry: plugin not found', 'built in: {known}'],
  DRIVER_SILENT: [
    504,
    'driver {name} has not answered {method} in {seconds} s',
    'it is asked for nothing more before it does; it is for whoever made the driver to mend',
  ],
  DRIVER_BROKEN: [500, 'driver {name} does not keep to its contract: {method}: {reason}', 'it is for whoever made the driver to mend'],
  PLAN_INVALID: [500, 'a step that a driver has planned is not valid: {reason}', 'it is for whoever made the driver to mend'],
  IPAM_DRIVER_NOT_FOUND: [400, 'invalid ipam driver: "{name}"', 'built in: {known}'],
  POOL_OVERLAP: [
    403,
    'invalid pool request: Pool overlaps with other one on this address space',
    '{pool} overlaps {other}{holder}: choose another --subnet, or none',
  ],
  POOLS_EXHAUSTED: [
    500,
    'all predefined address pools have been fully subnetted',
    'name a subnet of your own (--subnet), remove a network (cnm network rm), or give other pools (CNM_DEFAULT_ADDRESS_POOLS); held: {holders}',
  ],
  POOL_INVALID: [400, 'invalid pool request: {reason}'],
  POOL_NOT_FOUND: [404, 'cannot find address pool for poolID:{pool}'],
  IPAM_NULL_SPACE: [400, 'unknown address space: {space}'],
  IPAM_NULL_REQUEST: [400, 'null ipam driver does not handle specific address {what} requests', 'leave out {flag}'],
  IPAM_NULL_POOL: [400, 'unknown pool id: {pool}'],
  DHCP_NO_PARENT: [400, 'the DHCP server of which LAN?', 'name the link by which this host is on it: --ipam-opt parent=eth0'],
  DHCP_ROUTER: [400, "{link} would take the address of the LAN's router", '-o {option}=true'],
  DHCP_DEAF: [500, 'nobody can be asked for an address on {link}: {reason}', 'ip link show {link}'],
  DHCP_SILENT: [500, 'no {protocol} server answers on {link}', 'is the server up, and {link} on its LAN?'],
  DHCP_OTHER: [500, 'no {protocol} server on {link} gives {wanted}', 'offered: {offered}; reserve it at the server, or ask for none'],
  DHCP_FULL: [500, 'the {protocol} server {server} on {link} has no address to give: {reason}', 'widen its range'],
  DHCP_REFUSED: [500, 'the {protocol} server {server} on {link} has changed its mind: {reason}'],
  DHCP_CONFLICT: [
    500,
    'the {protocol} server on {link} gives {address}, which {holder} uses',
    'take the address from the server, or from who uses it',
  ],
  DHCP_NO_ROUTER: [
    500,
    'no router on {link} announces an IPv6 prefix',
    'is it up? without one, say how addresses are had: --subnet PREFIX --ipam-opt ipv6=stateful, or slaac',
  ],
  DHCP_TAKEN: [500, '{address} is what {mac} makes of the prefix of {link}, and {holder} uses it', 'choose another --mac-address'],
  ADDRESS_SPACE_NOT_FOUND: [404, 'cannot find address space {name}'],
  ADDRESS_IN_USE: [403, 'Address already in use', '{address} is held by {holder}'],
  ADDRESS_OUT_OF_RANGE: [400, 'requested address is out of range', '{address} is not an assignable address of {pool}'],
  ADDRESS_OUTSIDE: [
    400,
    'invalid endpoint settings:\nno configured subnet contains IP address {address}',
    'subnets of {network}: {subnets}',
  ],
  ADDRESSES_EXHAUSTED: [
    500,
    "no available IPv{family} addresses on this network's address pools: {network} ({id})",
    'cnm network disconnect {network} SANDBOX; held: {holders}',
  ],
  NO_ADDRESSES: [500, 'no available addresses on this pool'],
  GATEWAY_FAILED: [500, 'failed to allocate gateway ({address}): {reason}', '{remedy}'],
  AUX_FAILED: [500, 'failed to allocate secondary ip address ({name}:{address}): {reason}', '{remedy}'],
  RESERVATION_NOT_FOUND: [404, 'no address of network {network} is reserved for sandbox {sandbox}', 'cnm network inspect {network}'],
  AUX_OUTSIDE: [403, 'auxiliary address: ({name}:{address}) must belong to the master pool: {pool}'],
  SANDBOX_EXISTS: [409, 'sandbox with name {name} already exists', 'cnm sandbox inspect {name}'],
  SANDBOX_NOT_FOUND: [404, 'No such sandbox: {name}', 'cnm sandbox ls'],
  SANDBOX_AMBIGUOUS: [400, 'sandbox {name} is ambiguous ({count} matches found based on ID prefix)', 'cnm sandbox ls --no-trunc'],
  NAMESPACE_NOT_FOUND: [400, 'no network namespace at {path}: {reason}', 'ip netns list'],
  SANDBOX_GONE: [409, 'the namespace of sandbox {name} is gone: {path}', 'cnm sandbox rm {name}'],
  ALREADY_CONNECTED: [403, 'endpoint with name {sandbox} already exists in network {network}'],
  PLACE_NOT_FOUND: [404, 'no sandbox, network or address: {name}', 'cnm sandbox ls; an address, host and internet are places too'],
  PLACE_EMPTY: [409, 'nobody is on network {name}', 'cnm network connect {name} SANDBOX'],
  PLACE_NO_ADDRESS: [409, '{name} has no IPv{family} address'],
  NOT_CONNECTED: [403, 'container {sandbox} is not connected to network {network}'],
  HOST_CONNECT: [403, 'cannot connect container to host network - container must be created in host network mode'],
  HOST_DISCONNECT: [403, 'cannot disconnect container from host network - container was created in host network mode'],
  HOST_SHARED: [403, 'container sharing network namespace with another container or host cannot be connected to any other network'],
  NONE_PRIVATE: [403, 'container cannot be connected to multiple networks with one of the networks in private (none) mode'],
  IFNAME_TAKEN: [
    409,
    'the name {ifname} is taken by another link in sandbox {sandbox}',
    'choose another com.docker.network.endpoint.ifname',
  ],
  PORT_ALLOCATED: [500, 'Bind for {host}:{port} failed: port is already allocated', 'held by {holder}'],
  PORTS_EXHAUSTED: [500, 'all ports are allocated', 'none of {range} is free'],
  NETWORK_OF_ENGINE: [
    403,
    'network {name} belongs to a container engine, which drives cnm as its plugin',
    'ask the engine: docker network inspect {id}',
  ],
  SANDBOX_RUNS: [
    409,
    'cannot remove container "/{name}": container is running: stop the container before removing or force remove',
    'a sandbox runs as long as it is there: docker rm --force {name}',
  ],
  SANDBOX_OF_ENGINE: [
    403,
    'sandbox {name} belongs to a container engine, which drives cnm as its plugin',
    'ask the engine: docker network --help',
  ],
  ENGINE_CHANGED: [409, '{what} {id} is there already, and was asked for otherwise', 'remove it first: docker network rm'],
  ENGINE_MISTAKE: [400, 'the engine asked for what cannot be: {what}'],
  ENGINE_SLOW: [
    503,
    '{method} is not done after {seconds} s: the kernel is busy, or another verb is',
    'try again; what it makes is taken back',
  ],
  ENDPOINT_NOT_FOUND: [404, 'endpoint {id} not found'],
  BUNDLE_EXISTS: [409, '{path} is there already', 'name a new folder, or remove it'],
  BUNDLE_INCOMPLETE: [500, 'cannot find {what}, which belongs into the plugin', 'install what is missing here; the plugin is made of it'],
  BUNDLE_REFUSED: [500, 'cannot make {path}: {reason}', 'name a folder elsewhere, with 200 MB of room'],
  PLUGIN_NOT_FOUND: [404, 'plugin {name} is not found', 'dockerd looks in {places}'],
  PLUGIN_SPEC: [500, '{path} does not tell where a plugin is: {reason}'],
  PLUGIN_TLS: [500, 'cannot read {path}, with which a plugin is asked: {reason}', 'TLSConfig in the .json of the plugin names it'],
  PLUGIN_UNREACHABLE: [500, '{method}: the plugin at {address} cannot be reached: {reason}', 'is it running?'],
  PLUGIN_SILENT: [
    504,
    '{method}: the plugin at {address} has not answered in {seconds} s',
    'ask its owner what it is busy with; cnm plugin verify NAME asks it more',
  ],
  PLUGIN_LACKS: [400, 'legacy plugin: Plugin does not implement the requested driver', '{name} should implement {wanted}, and has {known}'],
  PLUGIN_LACKS_METHOD: [500, '{method}: {words}', 'plugin {plugin} does not know what it was asked; cnm plugin verify {plugin}'],
  PLUGIN_REFUSED: [500, '{method}: {words}', 'these are the words of plugin {plugin}; cnm plugin inspect {plugin}'],
  PLUGIN_ERROR: [500, 'remote: {words}', 'these are the words of plugin {plugin}, asked for {method}; cnm plugin inspect {plugin}'],
  REQUEST_MALFORMED: [400, 'this is no request of HTTP: {reason}'],
  REQUEST_LONG: [431, 'the address and the headers of a request have more than {most} bytes'],
  REQUEST_LARGE: [413, 'the body of a request has more than {most} bytes'],
  REQUEST_INVALID: [400, 'invalid JSON: {what}'],
  CONTENT_TYPE: [400, "unsupported Content-Type header ({type}): must be 'application/json'"],
  QUERY_INVALID: [400, 'invalid value for {name}: {value}'],
  FILTERS_INVALID: [400, 'invalid filter'],
  FILTER_UNKNOWN: [400, "invalid filter '{key}'"],
  FILTER_TYPE: [500, "invalid filter: 'type'='{value}'"],
  FILTER_VALUE: [400, "invalid filter '{key}=[{value}]'"],
  FILTER_HEALTH: [400, 'Unrecognised filter value for health: {value}'],
  FILTER_PORT: [400, 'error while looking up for {key} {value}: not a port or a range of ports', '80, 80/udp, or 8000-8010/tcp'],
  FILTER_TWICE: [400, 'got more than one value for filter key "{key}"'],
  FILTER_DANGLING: [400, 'invalid value for filter \'dangling\', must be "true" (or "1"), or "false" (or "0")'],
  FILTER_UNTIL: [400, 'more than one until filter specified'],
  MOMENT_INVALID: [400, 'failed to parse value as time or duration: {text}'],
  PERIOD_INVALID: [400, '`since` time ({since}) cannot be after `until` time ({until})'],
  API_TOO_OLD: [
    400,
    'client version {version} is too old. Minimum supported API version is {oldest}, please upgrade your client to a newer version',
  ],
  API_TOO_NEW: [400, 'client version {version} is too new. Maximum supported API version is {newest}'],
  PAGE_NOT_FOUND: [404, 'page not found'],
  NOT_SERVED: [
    501,
    '{method} {path} is not supported: cnm has networks and sandboxes, and neither images nor containers',
    'cnm sandbox create, cnm run',
  ],
  ERRAND_DECLINED: [421, 'this command line has to be carried out where it was typed'],
  CLIENT_GONE: [499, 'the client has hung up'],
  DAEMON_UNREACHABLE: [500, 'cannot reach the daemon at {host}: {reason}', 'cnm serve'],
  NOT_HERE: [400, 'a process runs on the host of its sandbox: the daemon is on another', 'run cnm there'],
  HOST_TWICE: [400, 'one daemon can be asked, and {count} are named'],
  HOST_INVALID: [400, 'invalid host: {host}', 'unix:///PATH, or tcp://ADDRESS:PORT'],
  HOST_OPEN: [
    400,
    '{host} would let whoever reaches it change networks',
    'serve on 127.0.0.1, or give --tls DIR with ca.pem, cert.pem and key.pem',
  ],
  HOST_UNUSABLE: [409, 'cannot serve at {host}: {reason}', 'ss -lntp and ip address show what is taken and what this host has'],
  TLS_UNREADABLE: [400, 'cannot read {path}: {reason}', '--tls DIR wants ca.pem, cert.pem and key.pem there'],
  ORIGIN_REFUSED: [403, 'a page of {origin} may not change networks'],
  GROUP_NOT_FOUND: [400, 'group {name} not found', 'getent group'],
  SOCKET_LONG: [
    400,
    '{path} has more than the 106 bytes that the path of our sockets may have',
    'serve elsewhere: -H unix:///run/cnm.sock',
  ],
  SOCKET_IN_USE: [409, '{path} is served by another process', 'end that process, or serve in another directory'],
  SOCKET_FOREIGN: [409, '{path} is there, and is no socket', 'move it away, or serve in another directory'],
  ...SWARM_ERRORS,
  KERNEL_REFUSED: [500, '{errno}: {words}, while: {command}', '{hint}'],
  EVENTS_UNHEARD: [
    503,
    'cannot hear of what happens in {run}: {reason}',
    'where inotify has run out: sysctl -w fs.inotify.max_user_instances=1024 fs.inotify.max_user_watches=524288',
  ],
  CONTROLLER_CLOSED: [409, 'this controller is closed', 'await open() gives another one'],
  STATE_LOCKED: [409, 'another controller holds {run}{holder}', 'wait for it to end, or give another --root and --run'],
  STATE_FOREIGN: [
    409,
    '{run} belongs to a controller in another network namespace',
    'run cnm in that namespace, give another --run, or remove {run} if that namespace is gone',
  ],
  ROUTE_TAKEN: [409, 'no way out for another sandbox in namespace {path}: {holder} has its default route', '{hint}'],
  TABLE_TAKEN: [
    409,
    "the table inet cnm is ours, and has a {object} of somebody else's",
    'nft list table inet cnm says what is in it; whoever made it may take another name, else: nft delete table inet cnm',
  ],
  NAMESPACE_OWNED: [
    409,
    '{namespace} has the networks of another controller, whose run directory is {run}',
    'say --run {dir} and the --root that goes with it (cnm network prune takes its networks away then), or give each a namespace of its own',
  ],
  STATE_VERSION: [500, '{file} was written by a newer version of cnm (format {found}, this one knows {known})', 'use the newer cnm'],
  RECORD_INVALID: [400, 'what was asked for cannot be recorded under {kind}: {reason}', 'say it otherwise: nothing was changed'],
  STATE_BROKEN: [500, 'the record {key} in {file} is not valid: {reason}', 'restore it from a backup, or remove it'],
  STATE_GONE: [
    500,
    '{path} was removed, or another file is in its place: nothing can be recorded any more',
    'put it back; or end who has it open (cnm serve, a program) and begin anew with what is there: cnm doctor',
  ],
  STATE_UNWRITABLE: [
    500,
    'cannot write the state in {path}: {reason}',
    'run as root and where there is room, or give another --root and --run',
  ],
  STORE_MISSING: [
    500,
    'lmdb, which keeps the state, cannot be loaded: {reason}',
    'it is prebuilt for Linux on x64, arm64 and arm; elsewhere: npm rebuild lmdb',
  ],
  ADDON_MISSING: [500, 'the native part of libcnm cannot be loaded: {reason}', '{hint}'],
  UNSUPPORTED_PLATFORM: [500, 'libcnm needs Linux; this is {platform}'],
} as const satisfies Record<string, readonly [status: number, sentence: string, remedy?: string]>

export type ErrorCode = keyof typeof ERRORS

/** The names in braces of a sentence. */
export type Holes<T extends string> = T extends `${string}{${infer Hole}}${infer Rest}` ? Hole | Holes<Rest> : never
type Filling<C extends ErrorCode> = {
  readonly [H in Holes<(typeof ERRORS)[C][1 | (2 & keyof (typeof ERRORS)[C])] & string>]: string | number
}

/** The sentence with its braces filled in. */
export const fill = (text: string, values: Readonly<Record<string, string | number>>): string =>
  text.replace(/\{(\w+)\}/g, (_, hole: string) => String(values[hole] ?? ''))

/** An error with a stable code, the HTTP status it has on the wire, and the way out where we know one. */
export class CnmError extends Error {
  override readonly name = 'CnmError'
  readonly code: ErrorCode
  readonly status: number
  /** What to do about it; '' when there is nothing to say. */
  readonly remedy: string
  /** What the sentence was filled with. */
  readonly values: Readonly<Record<string, string | number>>

  constructor(code: ErrorCode, values: Readonly<Record<string, string | number>>, cause?: unknown) {
    const [status, sentence, remedy = ''] = ERRORS[code] as readonly [number, string, string?]
    super(fill(sentence, values), cause === undefined ? undefined : { cause })
    this.code = code
    this.status = status
    this.values = values
    this.remedy = fill(remedy, values)
  }
}

/** A CnmError whose sentence and remedy are filled in; the compiler knows which values the code's sentence needs. */
export const fault = <C extends ErrorCode>(code: C, values: Filling<C>, cause?: unknown): CnmError => new CnmError(code, values, cause)
