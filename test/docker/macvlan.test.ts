import { expect, it } from 'vitest'
import { CNM } from '../support/command.ts'
import { start } from '../support/run.ts'
import { Island } from './island.ts'
import { docker } from './players.ts'
import { type Departure, rehearse } from './rehearsal.ts'

const SUBNETS =
  '--subnet 192.0.2.0/24 --ip-range 192.0.2.64/26 --gateway 192.0.2.2 ' +
  '--ipv6 --subnet 2001:db8:0:1::/64 --ip-range 2001:db8:0:1:a::/80 --gateway 2001:db8:0:1::2'

/** What dockerd is told, once with a driver of its own and once with ours. */
const script = (driver: string): readonly string[] => [
  `network create -d ${driver} -o parent=lo loop`,
  `network create -d ${driver} -o parent=eth7 lost`,
  `network create -d ${driver} -o parent=lan0 -o macvlan_mode=tunnel odd`,
  `network create -d ${driver} -o parent=lan0 -o parents=lan0 typo`,
  'network rm typo',
  `network create -d ${driver} -o parent=lan0 ${SUBNETS} --aux-address nas=192.0.2.64 lan`,
  "network inspect --format '{{json .IPAM.Config}}' lan",
  `network create -d ${driver} -o parent=lan0 -o macvlan_mode=passthru through`,
  'start web --network lan',
  'start api --network lan --ip 192.0.2.70 --mac-address 02:42:00:00:00:70 -p 8080:80',
  'show web',
  'show api',
  'reach web api',
  'network rm lan',
  'network disconnect lan api',
  'network connect --ip 192.0.2.71 lan api',
  'show api',
  'reach web api',
  'stop web',
  'stop api',
  'network rm lan',
]

/** Where ours says something else than this dockerd, 20.10; or, as a plugin, the same in a frame. */
const KNOWN: readonly Departure[] = [
  [
    'parent=lo loop',
    'error',
    'loopback interface is not a valid macvlan parent link',
    'loopback interface is not a valid macvlan parent link',
  ],
  [
    'parent=eth7 lost',
    'error',
    'invalid subinterface vlan name eth7, example formatting is eth0.10',
    'the requested parent interface eth7 was not found on the Docker host',
  ],
  [
    'macvlan_mode=tunnel odd',
    'error',
    "requested macvlan mode 'tunnel' is not valid, 'bridge' mode is the macvlan driver default",
    "requested macvlan mode 'tunnel' is not valid, 'bridge' mode is the macvlan driver default",
  ],
  ['parents=lan0 typo', 'exit', '0', '1'],
  ['parents=lan0 typo', 'error', '', 'failed to parse parents value: lan0'],
  ['parents=lan0 typo', 'line 1', 'ID', undefined],
  ['network rm typo', 'exit', '0', '1'],
  ['network rm typo', 'error', '', 'Error: No such network: typo'],
  ['network rm typo', 'line 1', 'typo', undefined],
  // Later Dockers share a parent too.
  [
    'macvlan_mode=passthru through',
    'error',
    'network dm-ID is already using parent interface lan0',
    'cannot use mode passthru, macvlan network ID is already using parent interface lan0',
  ],
]

it('dockerd does with our macvlan what it does with its own', async () => {
  await using island = await Island.rise()
  // It ends with the island.
  await start(island.there([process.execPath, CNM, 'serve', '--root', '/run/cnm-state', '--run', '/run/cnm']))
  expect(await rehearse(await docker(island), 'macvlan', script)).toEqual(KNOWN)
})
