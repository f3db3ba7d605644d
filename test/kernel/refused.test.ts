import { afterEach, beforeEach, expect, it } from 'vitest'
import { eventsOf } from '../../lib/controller/execution/events.ts'
import { bridge } from '../../lib/drivers/bridge.ts'
import type { NetworkDriver } from '../../lib/drivers/driver.ts'
import type { Controller, Op } from '../../lib/index.ts'
import { Lab } from '../support/lab.ts'

/** The host has it already, so the kernel refuses it. */
const REFUSED: Op = { op: 'addr.add', link: 'lo', address: Uint8Array.of(127, 0, 0, 1), prefix: 8 }

/** Bridges that do not go without a word. */
const stubborn: NetworkDriver = {
  ...bridge,
  name: 'stubborn',
  deleteNetwork: async (network) => ({
    ...(await bridge.deleteNetwork(network)),
    plan: [REFUSED, ...(await bridge.deleteNetwork(network)).plan],
  }),
  deleteEndpoint: async (...facts) => ({ plan: [REFUSED, ...(await bridge.deleteEndpoint(...facts)).plan] }),
}

let lab: Lab
let cnm: Controller
beforeEach(async () => {
  lab = new Lab()
  cnm = await lab.open({ drivers: [stubborn] })
  await cnm.createNetwork({ name: 'front', driver: 'stubborn' })
  await cnm.createSandbox({ name: 'web', networks: [{ network: 'front' }] })
})
afterEach(async () => {
  await cnm.close()
  await lab[Symbol.asyncDispose]()
})

const told = async () => {
  const actions: string[] = []
  for await (const { action } of eventsOf(lab.run, { since: 0, until: Date.now() })) actions.push(action)
  return actions
}

it.each([
  ['disconnect', () => cnm.disconnect('web', 'front'), 'disconnect'],
  ['removeSandbox', () => cnm.removeSandbox('web'), 'disconnect'],
])('%s that the kernel refuses half-way: what can go is gone, and is told of', async (_, verb, event) => {
  await expect(verb()).rejects.toMatchObject({ code: 'KERNEL_REFUSED' })
  expect(await told()).toEqual(['create', 'connect', event])
  expect(await cnm.findings()).toEqual([])
})

it('removeNetwork that the kernel refuses half-way: what can go is gone, and is told of', async () => {
  await cnm.removeSandbox('web').catch(() => {})
  await expect(cnm.removeNetwork('front')).rejects.toMatchObject({ code: 'KERNEL_REFUSED' })
  expect(await told()).toEqual(['create', 'connect', 'disconnect', 'destroy'])
  expect(await cnm.findings()).toEqual([])
})
