import { afterAll, beforeAll, expect, it } from 'vitest'
import { Hosts } from '../support/hosts.ts'
import { must } from '../support/run.ts'
import { snapshot } from '../support/snapshot.ts'
import { serve } from '../support/traffic.ts'

let hosts: Hosts
beforeAll(async () => {
  hosts = await Hosts.open(1)
})
afterAll(() => hosts[Symbol.asyncDispose]())

it('a VNI that somebody else has, in whatever namespace: it is said who, and nothing stays', async () => {
  const { cnm, netns } = hosts.at(1)
  await hosts.network('app', 4097, ['10.0.1.0/24'])
  await expect(hosts.network('twin', 4097, ['10.0.2.0/24'])).rejects.toMatchObject({
    code: 'VNI_IN_USE',
    message: 'vxlan id 4097 is in use by network app',
  })
  const other = hosts.space('other')
  must(['ip', 'link', 'add', 'theirs', 'type', 'vxlan', 'id', '4097', 'dstport', '4789'], { netns })
  must(['ip', 'link', 'set', 'theirs', 'netns', other], { netns })
  const before = snapshot(netns)
  await expect(hosts.sandbox(1, 's', 'app')).rejects.toMatchObject({
    code: 'VNI_IN_USE',
    message: `vxlan id 4097 is in use by link theirs in namespace ${other}`,
  })
  expect(snapshot(netns)).toEqual(before)
  expect(cnm.sandboxes()).toEqual([])
  must(['ip', 'link', 'del', 'theirs'], { netns: other })
  await hosts.sandbox(1, 's', 'app')
  await cnm.removeSandbox('s')
})

it('the port, by a process', async () => {
  const { netns } = hosts.at(1)
  await using server = await serve(netns, 'udp', '0.0.0.0', 4789)
  await expect(hosts.sandbox(1, 's', 'app')).rejects.toMatchObject({
    code: 'DATA_PATH_TAKEN',
    message: `UDP port 4789, the data path of overlay networks, is in use by process peer (${server.child.pid})`,
  })
})

it('without a data path there is no such network, and with one of another host neither', async () => {
  const request = { name: 'more', driver: 'overlay', options: { 'com.docker.network.driver.overlay.vxlanid_list': '4098' } }
  await hosts.reopen(1, { dataPath: { address: '10.99.0.200' } })
  await expect(hosts.at(1).cnm.createNetwork(request)).rejects.toMatchObject({ code: 'DATA_PATH_ABSENT' })
  await hosts.at(1).cnm.close()
  const { open } = await import('../../lib/index.ts')
  const { root, run, netns } = hosts.at(1)
  hosts.at(1).cnm = await open({ root, run, netns })
  await expect(hosts.at(1).cnm.createNetwork(request)).rejects.toMatchObject({ code: 'NETWORK_NOT_SWARM' })
})
