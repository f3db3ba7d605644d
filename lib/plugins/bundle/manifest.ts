/** Where the plugin's program is, in its own file system. */
export const PROGRAM = '/usr/lib/cnm'
export const NODE = '/usr/bin/node'
const STATE = '/var/lib/cnm'
/** Where it finds the host's settings: what is in /proc/sys of a container can only be read. */
export const PROC_SYS = '/host/proc/sys'

const setting = (name: string, description: string, value = '') => ({ name, description, value, settable: ['value'] })

/** Where certificates for the engine of a swarm are, once the operator has said where they are on the host. */
const TLS = '/host/tls'

/** On the host in /run/docker/plugins/ID: its path there may have no more than 107 characters. */
const API = 'unix:///run/docker/plugins/api.sock'

/** What a managed plugin may serve: one network driver each. */
export const BUNDLES = ['bridge', 'overlay'] as const
export type Bundle = (typeof BUNDLES)[number]

/**
 * config.json of the plugin; `main` is the path of `cnm` in it. It works in the host's network namespace, and besides what every
 * container may it may do there what links, addresses and rules need; nothing else of the host is in its sight but what
 * /proc/sys/net has. Only who has namespaces of their own to make needs CAP_SYS_ADMIN; these are on the propagated mount, and
 * outlive the plugin's process. What it remembers is kept over upgrades.
 */
export const manifestOf = (main: string, bundle: Bundle) => ({
  ...KINDS[bundle],
  documentation: 'https://www.npmjs.com/package/libcnm',
  entrypoint: [NODE, main, 'serve', '--managed', '--root', `${STATE}/state`, '--run', `${STATE}/run`, '--host', API],
  args: { name: 'args', description: 'Further flags of cnm serve: --swarm etcd://HOST,HOST,HOST …', settable: ['value'], value: [] },
  workdir: '/',
  network: { type: 'host' },
  propagatedMount: STATE,
  mounts: [
    { name: 'settings', type: 'bind', source: SETTINGS, destination: `${PROC_SYS}/net`, options: ['rbind', 'rw'] },
    // The source has to be there even where there are none: what is in sight anyway.
    { name: 'tls', type: 'bind', source: SETTINGS, destination: TLS, options: ['rbind', 'ro'], settable: ['source'] },
  ],
  env: [
    setting('CNM_DEFAULT_ADDRESS_POOLS', "Where automatic subnets come from: 'base=10.10.0.0/16,size=24 …'"),
    { name: 'CNM_PROC_SYS', description: "Where the host's settings are", value: PROC_SYS },
  ],
})

const SETTINGS = '/proc/sys/net'

const KINDS = {
  bridge: {
    description: 'Container networks of libcnm: the bridge driver and IPAM',
    interface: { types: ['docker.networkdriver/1.0', 'docker.ipamdriver/1.0'], socket: 'cnm.sock' },
    linux: { capabilities: ['CAP_NET_ADMIN'] },
  },
  overlay: {
    description: 'Container networks of libcnm over several hosts: the overlay driver',
    interface: { types: ['docker.networkdriver/1.0'], socket: 'cnm-overlay.sock' },
    linux: { capabilities: ['CAP_NET_ADMIN', 'CAP_SYS_ADMIN'] },
  },
} as const satisfies Readonly<Record<Bundle, object>>
