import { basename } from 'node:path'
import { beforeEach, expect, it, onTestFinished } from 'vitest'
import { LAN4 } from '../support/lab.ts'
import { must } from '../support/run.ts'
import { settled, snapshot } from '../support/snapshot.ts'
import { Stage } from '../support/stage.ts'
import { pings, reaches } from '../support/traffic.ts'

const stage = new Stage()
const namesIn = (netns: string) => must(['ip', '-br', 'link'], { netns }).match(/^\w+/gm)

beforeEach(async () => {
  const ipam = { config: [{ subnet: '192.0.2.0/24', ipRange: '192.0.2.64/26', gateway: LAN4 }] }
  await stage.cnm.createNetwork({ name: 'lan', driver: 'macvlan', options: { parent: 'lan0' }, ipam })
})

it.each([
  ['another name', []],
  ['another name and MAC address', ['set wan7 address 02:00:00:00:00:77']],
])('a link on a parent that has %s inside leaves with its network all the same', async (_, changes) => {
  const { path } = await stage.cnm.createSandbox({ name: 'a', networks: [{ network: 'lan' }] })
  const address = stage.cnm.seats('a')[0]?.endpoint.address?.replace(/\/\d+$/, '') ?? ''
  for (const change of ['set eth0 down', 'set eth0 name wan7', ...changes, 'set wan7 up'])
    must(['ip', 'link', ...change.split(' ')], { netns: path })
  // What is there under its old name is not ours.
  must(['ip', 'link', 'add', 'eth0', 'type', 'bridge'], { netns: path })
  expect(await reaches(stage.lab.lan, address)).toBe(true)
  await stage.cnm.disconnect('a', 'lan')
  expect(await pings(stage.lab.lan, address)).toBe(false)
  expect(namesIn(path)).toEqual(['lo', 'eth0'])
  await stage.silence()
})

it('a namespace that has come in the place of the joined one keeps its links', async () => {
  await stage.cnm.createNetwork({ name: 'web' })
  await stage.cnm.createNetwork({ name: 'plain', driver: 'macvlan', options: { parent: 'lan0' } })
  const name = `${basename(stage.lab.host)}-guest`
  const path = `/run/netns/${name}`
  must(['ip', 'netns', 'add', name])
  onTestFinished(() => void must(['ip', 'netns', 'del', name]))
  await stage.cnm.createSandbox({ name: 'guest', path, networks: [{ network: 'web' }, { network: 'plain' }] })
  expect(namesIn(path)).toEqual(['lo', 'eth0', 'eth1'])
  must(['ip', 'netns', 'del', name])
  must(['ip', 'netns', 'add', name])
  for (const link of ['eth0', 'eth1']) {
    must(['ip', 'link', 'add', link, 'type', 'bridge'], { netns: path })
    must(['ip', 'link', 'set', link, 'up'], { netns: path })
  }
  await settled(path)
  const had = snapshot(path)
  await stage.cnm.disconnect('guest', 'plain')
  await stage.cnm.removeSandbox('guest')
  expect(snapshot(path)).toEqual(had)
})
