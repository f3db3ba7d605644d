/** The part of the table of errors that is about swarms, their nodes and engines; see errors.ts. */
export const SWARM_ERRORS = {
  SWARM_MEMBER: [
    503,
    'This node is already part of a swarm. Use "docker swarm leave" to leave this swarm and join another one.',
    'cnm swarm leave',
  ],
  SWARM_NONE: [503, 'This node is not part of a swarm', 'cnm swarm init, or cnm swarm join'],
  SWARM_FOUNDED: [
    409,
    '{engine} has a swarm already',
    'join it (cnm swarm join-token, on one of its nodes), or give another prefix: etcd://HOST/PREFIX',
  ],
  SWARM_UNKNOWN: [404, '{engine} has no swarm', 'cnm swarm init --engine ENGINE, on the first node'],
  SWARM_TOKEN: [400, 'A valid join token is necessary to join this cluster', 'cnm swarm join-token, on a node of the swarm'],
  SWARM_FINGERPRINT: [
    400,
    'remote CA does not match fingerprint. Expected: {expected}',
    'this is not the CA, or the swarm, that the token is for: it has {found}',
  ],
  SWARM_LAST: [
    409,
    'this is the last node of the swarm: its networks would go with it ({networks})',
    'cnm network rm, or cnm swarm leave --force',
  ],
  SWARM_BUSY: [
    409,
    'sandboxes of this node are on networks of the swarm ({sandboxes})',
    'cnm network disconnect NETWORK SANDBOX, or cnm swarm leave --force',
  ],
  SWARM_RESERVATION: [
    403,
    'network {network} belongs to the swarm: its addresses are reserved when it is created',
    'cnm network create --reserve SANDBOX=ADDRESS',
  ],
  SWARM_OPTION: [400, 'invalid {option}: {value}', '{hint}'],
  ADVERTISE_UNKNOWN: [
    400,
    "could not find the system's IP address - specify one with --advertise-addr",
    'addresses of this host: {addresses}',
  ],
  ADVERTISE_AMBIGUOUS: [
    400,
    'could not choose an IP address to advertise since this system has multiple addresses on different interfaces ({addresses}) - specify one with --advertise-addr',
  ],
  NODE_NOT_FOUND: [404, 'node {name} not found', 'cnm node ls'],
  NODE_AMBIGUOUS: [400, 'node {name} is ambiguous ({count} matches found)', 'use the id: cnm node ls'],
  NODE_ADDRESS: [409, 'node {name} has the address {address}', 'choose another with --data-path-addr; or cnm node rm {name}'],
  NODE_FAMILY: [
    409,
    'node {name} has its tunnels at {theirs}, and this host at {own}: none leads from IPv4 to IPv6',
    'choose an address of the same family with --data-path-addr; or cnm node rm {name}',
  ],
  NODE_NOT_DOWN: [400, "node {name} is not down and can't be removed", 'cnm swarm leave, on that node; or cnm node rm --force {name}'],
  NODE_REMOVED: [409, 'this node was removed from its swarm', 'cnm swarm leave --force, then cnm swarm join'],
  VNI_TAKEN: [403, 'could not assign vxlan id {vni} to pool {pool}: network {holder} has it', 'choose another, or none'],
  ENGINE_INVALID: [400, 'invalid engine: {engine}', 'etcd://HOST[:PORT],HOST[:PORT][/PREFIX]'],
  ENGINE_TLS: [400, 'cannot use the certificates of the engine: {reason}', '--engine-ca, --engine-cert and --engine-key belong together'],
  ENGINE_LOST: [
    503,
    'the swarm cannot be changed now: {engine} cannot be reached ({reason})',
    'what is there goes on without it; try again when it answers: etcdctl endpoint health',
  ],
  ENGINE_REFUSED: [500, '{engine} refuses: {reason}', 'etcdctl endpoint status, etcdctl alarm list'],
  ENGINE_BROKEN: [500, 'the row {key} in {engine} is not valid: {reason}', 'who has written it? etcdctl get --prefix'],
} as const satisfies Record<string, readonly [status: number, sentence: string, remedy?: string]>
