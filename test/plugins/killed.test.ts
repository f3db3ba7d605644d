import { beforeEach, expect, it } from 'vitest'
import type { Controller } from '../../lib/index.ts'
import { DOOMED } from '../support/built.ts'
import { must, run } from '../support/run.ts'
import { Stage } from '../support/stage.ts'
import { reaches } from '../support/traffic.ts'
import { Stubs } from './stub.ts'

const stubs = new Stubs()
const stage = new Stage()
beforeEach(async () => {
  stubs.settle(stage.lab)
  await stubs.start('stub')
  await stage.reopen({ plugins: stubs.plugins })
})

const of = (name: string) => ({ name, driver: 'stub', ipam: { driver: 'stub' } })
const on = (name: string) => ({ name, networks: [{ network: 'there' }] })

/** A verb, where its process is killed, and whether all of it is done when the next controller has opened. */
const cases: readonly (readonly [readonly [string, ...unknown[]], string, 'nothing' | 'all'])[] = [
  [['createNetwork', of('more')], 'after NetworkDriver.CreateNetwork', 'nothing'],
  [['createNetwork', of('more')], 'commit networks.mdb', 'all'],
  [['createSandbox', on('new')], 'before NetworkDriver.CreateEndpoint', 'nothing'],
  [['createSandbox', on('new')], 'after NetworkDriver.Join', 'nothing'],
  [['createSandbox', on('new')], 'after NetworkDriver.ProgramExternalConnectivity', 'nothing'],
  [['removeSandbox', 'old'], 'before NetworkDriver.RevokeExternalConnectivity', 'all'],
  [['removeSandbox', 'old'], 'after NetworkDriver.Leave', 'all'],
  [['removeSandbox', 'old'], 'before NetworkDriver.DeleteEndpoint', 'all'],
  [['removeNetwork', 'idle'], 'before IpamDriver.ReleaseAddress', 'all'],
  [['removeNetwork', 'idle'], 'before NetworkDriver.DeleteNetwork', 'all'],
]

/** What the plugin has of ours, by what it was asked and did not refuse. */
class Ledger {
  readonly #held = new Set<string>()

  read(): readonly string[] {
    for (const { method, request, status } of stubs.heard('stub').filter((each) => each.status === 200)) {
      const { NetworkID: network, EndpointID: endpoint, PoolID: pool, Address: address } = request ?? {}
      const [, verb = '', what = ''] = /\.(Create|Delete|Request|Release)(\w+)$/.exec(method) ?? []
      // What was given out is known when it comes back only.
      const id = `${what} ${what === 'Network' ? network : what === 'Endpoint' ? endpoint : `${pool} ${address}`}`
      if (verb === 'Create') this.#held.add(id)
      if (verb === 'Delete') this.#held.delete(id)
      expect(status).toBe(200)
    }
    return [...this.#held].sort()
  }
}

it('killed in the middle, the next controller and the plugin agree', async () => {
  await stage.cnm.createNetwork(of('there'))
  const ledger = new Ledger()
  const { lab } = stage
  for (const [verb, step, outcome] of cases) {
    const { cnm } = stage
    if (verb[1] === 'old') await cnm.createSandbox(on('old'))
    if (verb[1] === 'idle') await cnm.createNetwork(of('idle'))
    const before = state(cnm)
    await cnm.close()
    const env = { ...process.env, CNM_PLUGIN_DIR: stubs.plugins.places.sockets }
    const { stdout, stderr } = run([process.execPath, DOOMED, lab.root, lab.run, lab.host, step, JSON.stringify(verb)], { env })
    expect(stdout, `${verb[0]} ${step}: ${stderr}`).toBe(step)
    stage.cnm = await lab.open({ plugins: stubs.plugins })
    const after = state(stage.cnm)
    const what = `${verb[0]}, ${step}`
    if (outcome === 'nothing') expect(after, what).toEqual(before)
    else expect(after, what).not.toEqual(before)
    const ours = stage.cnm.networks().filter(({ plugin }) => plugin)
    const guests = ours.flatMap(({ id }) => stage.cnm.guests(id))
    const known = [...ours.map(({ id }) => `Network ${id}`), ...guests.map(({ endpoint }) => `Endpoint ${endpoint.id}`)]
    expect(ledger.read(), what).toEqual(known.sort())
    for (const { name } of ours.filter((network) => network.name !== 'there')) await stage.cnm.removeNetwork(name)
  }
  // Every address was given back: the first is free again.
  const one = await stage.cnm.createSandbox(on('one'))
  expect(stage.cnm.seats('one')[0]?.endpoint.address).toBe('10.77.0.2/24')
  expect(await reaches(one.path, '10.77.0.1')).toBe(true)
})

const state = (cnm: Controller) => [
  cnm
    .networks()
    .map(({ name }) => name)
    .sort(),
  cnm
    .sandboxes()
    .map(({ name }) => name)
    .sort(),
]

it('after a boot the plugin is told what the host has lost', async () => {
  await stage.cnm.createNetwork(of('there'))
  await stage.cnm.createSandbox(on('one'))
  const [{ endpoint } = expect.fail()] = stage.cnm.seats('one')
  await stage.cnm.close()
  // The run directory ends with the boot, and so do namespaces and links.
  must(['umount', '-l', `${stage.lab.run}/netns/${endpoint.sandboxId.slice(0, 12)}`])
  must(['rm', '-r', stage.lab.run])
  stubs.heard('stub')
  stage.cnm = await stage.lab.open({ plugins: stubs.plugins })
  const told = stubs.heard('stub').filter(({ method }) => /Leave|Delete|Release/.test(method))
  expect(told.map(({ method, request }) => [method, request?.['EndpointID'] ?? request?.['Address']])).toEqual([
    ['NetworkDriver.Leave', endpoint.id],
    ['NetworkDriver.DeleteEndpoint', endpoint.id],
    ['IpamDriver.ReleaseAddress', '10.77.0.2'],
  ])
  expect(stage.cnm.network('there').plugin).toBe(true)
})
