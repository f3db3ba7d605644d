import { strict as assert } from 'node:assert'
import type { Controller } from '../../lib/index.ts'
import { isPredefined } from '../../lib/model/network.ts'
import { Lab } from './lab.ts'
import { must } from './run.ts'
import { type Party, reach } from './segment.ts'

/** VLANs of the trunk: the router has the first address of each, and routes between them. */
export const VLANS = [10, 20] as const

export const subnetsOf = (vlan: number, range = 0) => [
  { subnet: `10.${vlan}.0.0/16`, ipRange: `10.${vlan}.${range + 1}.0/24`, gateway: `10.${vlan}.0.1` },
  { subnet: `fd00:${vlan}::/64`, ipRange: `fd00:${vlan}::${range + 1}:0/112`, gateway: `fd00:${vlan}::1` },
]

let stage: Promise<{ readonly lab: Lab; readonly cnm: Controller }> | undefined

/** A lab whose LAN is a trunk: its neighbour is a switch that filters VLANs, and the router between them. It ends with its guest. */
async function raiseStage() {
  // Where IPv6 is a module, who wants a socket of it has it loaded.
  must(['ping', '-6', '-c', '1', '-n', '::1'])
  const lab = new Lab()
  layTrunk(lab)
  return { lab, cnm: await lab.open() }
}

/** On one lab for all: whatever `body` does, links, addresses and routes of the host have to be as before when its networks are gone. */
export async function onTrunk(body: (lab: Lab, cnm: Controller) => Promise<void>): Promise<void> {
  stage ??= raiseStage()
  const { lab, cnm } = await stage
  const before = linksOf(lab)
  try {
    await body(lab, cnm)
  } finally {
    for (const { id } of cnm.sandboxes()) await cnm.removeSandbox(id)
    for (const { id, name } of cnm.networks()) if (!isPredefined(name)) await cnm.removeNetwork(id)
  }
  // Who asks waits for what is deleted behind.
  assert.deepEqual(await cnm.findings(), [])
  assert.deepEqual(linksOf(lab), before)
}

function layTrunk({ lan }: Lab): void {
  const router = (...argv: string[]) => must(argv, { netns: lan })
  router('ip', 'addr', 'flush', 'dev', 'eth0')
  router('ip', 'link', 'add', 'lan', 'type', 'bridge', 'vlan_filtering', '1', 'vlan_default_pvid', '0')
  router('ip', 'link', 'set', 'eth0', 'master', 'lan')
  router('ip', 'link', 'set', 'lan', 'up')
  router('sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1')
  for (const vlan of VLANS) {
    router('bridge', 'vlan', 'add', 'dev', 'eth0', 'vid', String(vlan))
    router('bridge', 'vlan', 'add', 'dev', 'lan', 'vid', String(vlan), 'self')
    router('ip', 'link', 'add', 'link', 'lan', 'name', `lan.${vlan}`, 'type', 'vlan', 'id', String(vlan))
    router('ip', 'addr', 'add', `10.${vlan}.0.1/16`, 'dev', `lan.${vlan}`)
    router('ip', 'addr', 'add', `fd00:${vlan}::1/64`, 'dev', `lan.${vlan}`, 'nodad')
    router('ip', 'link', 'set', `lan.${vlan}`, 'up')
  }
}

export const routerIn = (lab: Lab, vlan: number): Party => ({
  name: `router${vlan}`,
  netns: lab.lan,
  addresses: [`10.${vlan}.0.1`, `fd00:${vlan}::1`],
})

const linksOf = ({ host }: Lab): readonly string[] =>
  [['link'], ['-4', 'addr'], ['-4', 'route', 'show', 'table', 'all']].map((what) =>
    must(['ip', '-o', ...what], { netns: host }).replace(/NO-CARRIER,|,LOWER_UP|,M-DOWN| state \w+| linkdown/g, ''),
  )

export const linkNames = ({ host }: Lab): readonly string[] =>
  (JSON.parse(must(['ip', '-j', 'link'], { netns: host })) as { ifname: string }[]).map(({ ifname }) => ifname)

export async function join(cnm: Controller, name: string, network: string): Promise<Party> {
  const { path } = await cnm.createSandbox({ name, networks: [{ network }] })
  const { address = '', address6 = '' } = cnm.seats(name)[0]?.endpoint ?? {}
  return { name, netns: path, addresses: [address, address6].filter(Boolean).map((cidr) => cidr.replace(/\/\d+$/, '')) }
}

export const both = (...pairs: string[]) => pairs.flatMap((pair) => [`${pair} v4`, `${pair} v6`])

export async function assertReach(pairs: readonly (readonly [Party, Party])[], expected: readonly string[]): Promise<void> {
  assert.deepEqual((await reach(pairs, expected)).toSorted(), expected.toSorted())
}
