import { basename } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
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

describe('a namespace that has come in the place of the joined one', () => {
  const name = () => `${basename(stage.lab.host)}-guest`
  const path = () => `/run/netns/${name()}`
  const inside = (line: string) => must(['ip', ...line.split(' ')], { netns: path() })

  beforeEach(async () => {
    must(['ip', 'netns', 'add', name()])
    onTestFinished(() => void must(['ip', 'netns', 'del', name()]))
    for (const [network, subnet] of Object.entries({ one: '10.7.1.0/24', two: '10.7.2.0/24', three: '10.7.3.0/24' }))
      await stage.cnm.createNetwork({ name: network, ipam: { config: [{ subnet }] } })
    await stage.cnm.createSandbox({ name: 'guest', path: path(), networks: [{ network: 'one' }, { network: 'two', gwPriority: 1 }] })
    expect(inside('route')).toContain('default via 10.7.2.1 dev eth1')
    must(['ip', 'netns', 'del', name()])
    must(['ip', 'netns', 'add', name()])
    for (const n of [1, 2]) {
      inside(`link add eth${n - 1} type bridge`)
      inside(`addr add 10.7.${n}.9/24 dev eth${n - 1}`)
      inside(`link set eth${n - 1} up`)
    }
    inside('route add default via 10.7.2.1 dev eth1')
    await settled(path())
  })

  it.each([
    ['two', 'one'],
    ['one', 'two'],
  ])('keeps its routes when networks are left: %s, %s', async (...networks) => {
    const had = snapshot(path())
    for (const network of networks) await stage.cnm.disconnect('guest', network)
    expect(snapshot(path())).toEqual(had)
  })

  it('keeps them when one is joined, which is refused', async () => {
    const had = snapshot(path())
    await expect(stage.cnm.connect('guest', { network: 'three', gwPriority: 2 })).rejects.toMatchObject({
      code: 'ROUTE_TAKEN',
      message: expect.stringContaining(`${path()}: somebody else (via 10.7.2.1) has its default route`),
    })
    expect(snapshot(path())).toEqual(had)
  })
})

it('the default route of a joined namespace moves on when its links were renamed', async () => {
  const path = `/run/netns/${basename(stage.lab.host)}-guest`
  must(['ip', 'netns', 'add', basename(path)])
  onTestFinished(() => void must(['ip', 'netns', 'del', basename(path)]))
  for (const name of ['one', 'two']) await stage.cnm.createNetwork({ name })
  await stage.cnm.createSandbox({ name: 'guest', path, networks: [{ network: 'one' }, { network: 'two', gwPriority: 1 }] })
  for (const change of ['eth0 down', 'eth0 name front', 'front up']) must(['ip', 'link', 'set', ...change.split(' ')], { netns: path })
  await stage.cnm.disconnect('guest', 'two')
  expect(must(['ip', 'route'], { netns: path })).toMatch(/^default via \S+ dev front/m)
  expect(await reaches(path, LAN4)).toBe(true)
})

it('two sandboxes in one namespace: the second is told who has the default route, and needs none on an internal network', async () => {
  const path = `/run/netns/${basename(stage.lab.host)}-guest`
  must(['ip', 'netns', 'add', basename(path)])
  onTestFinished(() => void must(['ip', 'netns', 'del', basename(path)]))
  for (const name of ['one', 'two']) await stage.cnm.createNetwork({ name })
  await stage.cnm.createNetwork({ name: 'inner', internal: true })
  await stage.cnm.createSandbox({ name: 'guest', path, networks: [{ network: 'one' }] })
  await settled(path)
  const had = snapshot(path)
  await expect(stage.cnm.createSandbox({ name: 'other', path, networks: [{ network: 'two' }] })).rejects.toMatchObject({
    code: 'ROUTE_TAKEN',
    status: 409,
    message: `no way out for another sandbox in namespace ${path}: sandbox guest, which is in it too, has its default route`,
    remedy: 'cnm network connect NETWORK guest',
  })
  expect(snapshot(path)).toEqual(had)
  await stage.cnm.createSandbox({ name: 'other', path, networks: [{ network: 'inner' }] })
  expect(namesIn(path)).toEqual(['lo', 'eth0', 'eth1'])
  expect(await reaches(path, LAN4)).toBe(true)
})
