/** Where the plugin's program is, in its own file system. */
export const PROGRAM = '/usr/lib/cnm'
export const NODE = '/usr/bin/node'
const STATE = '/var/lib/cnm'
/** Where it finds the host's settings: what is in /proc/sys of a container can only be read. */
export const PROC_SYS = '/host/proc/sys'

const setting = (name: string, description: string, value = '') => ({ name, description, value, settable: ['value'] })

/**
 * config.json of the plugin; `main` is the path of `cnm` in it. It works in the host's network namespace, and besides what every
 * container may it may do there what links, addresses and rules need; nothing else of the host is in its sight but what
 * /proc/sys/net has. What it remembers is kept over upgrades.
 */
export const manifestOf = (main: string) => ({
  description: 'Container networks of libcnm: the bridge driver and IPAM',
  documentation: 'https://www.npmjs.com/package/libcnm',
  entrypoint: [NODE, main, 'serve', '--root', `${STATE}/state`, '--run', `${STATE}/run`],
  workdir: '/',
  interface: { types: ['docker.networkdriver/1.0', 'docker.ipamdriver/1.0'], socket: 'cnm.sock' },
  network: { type: 'host' },
  linux: { capabilities: ['CAP_NET_ADMIN'] },
  propagatedMount: STATE,
  mounts: [{ name: 'settings', type: 'bind', source: '/proc/sys/net', destination: `${PROC_SYS}/net`, options: ['rbind', 'rw'] }],
  env: [
    setting('CNM_DEFAULT_ADDRESS_POOLS', "Where automatic subnets come from: 'base=10.10.0.0/16,size=24 …'"),
    { name: 'CNM_PROC_SYS', description: "Where the host's settings are", value: PROC_SYS },
  ],
})
