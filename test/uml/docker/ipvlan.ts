import { strict as assert } from 'node:assert'
import { mkdirSync, readFileSync } from 'node:fs'
import { Island } from '../../docker/island.ts'
import { docker } from '../../docker/players.ts'
import { type Departure, rehearse } from '../../docker/rehearsal.ts'
import { CNM } from '../../support/command.ts'
import { must, start } from '../../support/run.ts'
import { scenario } from '../harness.ts'

const CONTROLLERS = '/sys/fs/cgroup'

/** The rules of a host are another matter, and this kernel has no nftables of IP. */
const WITHOUT_RULES = ['--iptables=false', '--ip6tables=false', '--bridge=none']

/** A hierarchy for each controller, as runc wants them. */
function mountControlGroups(): void {
  must(['mount', '-t', 'tmpfs', 'tmpfs', CONTROLLERS])
  const known = readFileSync('/proc/cgroups', 'utf8').matchAll(/^(\w+)\t/gm)
  for (const [, name = ''] of known) {
    mkdirSync(`${CONTROLLERS}/${name}`)
    must(['mount', '-t', 'cgroup', '-o', name, 'cgroup', `${CONTROLLERS}/${name}`])
  }
}

const LAN =
  '--subnet 192.0.2.0/24 --ip-range 192.0.2.64/26 --gateway 192.0.2.2 ' +
  '--ipv6 --subnet 2001:db8:0:1::/64 --ip-range 2001:db8:0:1:a::/80 --gateway 2001:db8:0:1::2'
/** The LAN has routes to these. */
const ROUTED = '--subnet 10.80.1.0/24 --ipv6 --subnet fd00:80:1::/64'

/** What dockerd is told, once with a driver of its own and once with ours. */
const script = (driver: string): readonly string[] => [
  `network create -d ${driver} -o parent=lo loop`,
  `network create -d ${driver} -o parent=eth7 lost`,
  `network create -d ${driver} -o parent=lan0 -o ipvlan_mode=l4 odd`,
  `network create -d ${driver} -o parent=lan0 ${LAN} --aux-address nas=192.0.2.64 lan`,
  "network inspect --format '{{json .IPAM.Config}}' lan",
  `network create -d ${driver} -o parent=lan0 more`,
  'start odd --network lan --mac-address 02:42:00:00:00:70',
  'start web --network lan',
  'start api --network lan --ip 192.0.2.70 -p 8080:80',
  'show web',
  'show api',
  'reach web api',
  'network rm lan',
  'network disconnect lan web',
  'network disconnect lan api',
  'network rm lan',
  `network create -d ${driver} -o parent=lan0 -o ipvlan_mode=l3 ${ROUTED} routed`,
  'network connect routed web',
  'network connect --ip 10.80.1.71 routed api',
  'show web',
  'show api',
  'reach web api',
  'stop web',
  'stop api',
  'network rm routed',
]

/** Where ours says something else than this dockerd, 20.10; or, as a plugin, the same in a frame. */
const KNOWN: readonly Departure[] = [
  [
    'parent=lo loop',
    'error',
    'loopback interface is not a valid ipvlan parent link',
    'loopback interface is not a valid ipvlan parent link',
  ],
  [
    'parent=eth7 lost',
    'error',
    'invalid subinterface vlan name eth7, example formatting is eth0.10',
    'the requested parent interface eth7 was not found on the Docker host',
  ],
  [
    'ipvlan_mode=l4 odd',
    'error',
    "requested ipvlan mode 'l4' is not valid, 'l2' mode is the ipvlan driver default",
    "requested ipvlan mode 'l4' is not valid, 'l2' mode is the ipvlan driver default",
  ],
  [
    'parent=lan0 more',
    'error',
    'network di-ID is already using parent interface lan0',
    'network di-ID is already using parent interface lan0',
  ],
  [
    'start odd --network lan --mac-address 02:42:00:00:00:70',
    'error',
    'failed to create endpoint odd on network lan: ipvlan interfaces do not support custom mac address assignment',
    'failed to create endpoint odd on network lan: ipvlan interfaces do not support custom mac address assignment',
  ],
]

scenario('dockerd does with our ipvlan what it does with its own', async () => {
  mountControlGroups()
  await using island = await Island.rise()
  // It ends with the island.
  await start(island.there([process.execPath, CNM, 'serve', '--root', '/run/cnm-state', '--run', '/run/cnm']))
  assert.deepEqual(await rehearse(await docker(island, WITHOUT_RULES), 'ipvlan', script), KNOWN)
})
