import { copyFileSync, existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import type { NetworkDriver } from '../../lib/index.ts'
import { must, start } from '../support/run.ts'
import { Stage } from '../support/stage.ts'
import { reaches } from '../support/traffic.ts'
import type { Json } from './recorded.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const stage = new Stage()

/** The example as somebody has it who installed the package. */
function installed(): string {
  const folder = join(stage.lab.run, '..', 'program')
  mkdirSync(join(folder, 'node_modules'), { recursive: true })
  symlinkSync(ROOT, join(folder, 'node_modules/libcnm'))
  copyFileSync(join(ROOT, 'examples/ptp.mjs'), join(folder, 'ptp.mjs'))
  return join(folder, 'ptp.mjs')
}

it('the example works in our own controller', async () => {
  const { ptp } = (await import(installed())) as { readonly ptp: NetworkDriver }
  await stage.reopen({ drivers: [ptp] })
  const { cnm } = stage
  await cnm.createNetwork({ name: 'there', driver: 'ptp', ipam: { config: [{ subnet: '10.60.0.0/24' }] } })
  const one = await cnm.createSandbox({ name: 'one', networks: [{ network: 'there' }] })
  const two = await cnm.createSandbox({ name: 'two', networks: [{ network: 'there' }] })
  const addresses = [one, two].map(({ name }) => cnm.seats(name)[0]?.endpoint.address?.replace(/\/.*/, '') ?? '')
  expect(await reaches(one.path, addresses[1] ?? '')).toBe(true)
  expect(await reaches(two.path, '10.60.0.1')).toBe(true)
})

/** The example in a process of its own, with state of its own. */
function asPlugin() {
  const socket = join(stage.lab.run, '..', 'ptp.sock')
  const folders = { CNM_ROOT: `${stage.lab.root}-ptp`, CNM_RUN: `${stage.lab.run}-ptp` }
  const env = Object.entries(folders).map(([key, value]) => `${key}=${value}`)
  return { socket, folders, argv: ['env', ...env, process.execPath, installed(), socket] }
}

it("and, unchanged, our own controller drives it as somebody else's plugin", async () => {
  const { socket, argv } = asPlugin()
  await using _plugin = await start(argv, { netns: stage.lab.host })
  await stage.reopen({ plugins: { places: { sockets: join(socket, '..'), specs: [] } } })
  const { cnm } = stage
  await cnm.createNetwork({ name: 'there', driver: 'ptp', ipam: { config: [{ subnet: '10.60.0.0/24' }] } })
  const one = await cnm.createSandbox({ name: 'one', networks: [{ network: 'there' }] })
  const two = await cnm.createSandbox({ name: 'two', networks: [] })
  await cnm.connect('two', { network: 'there', mac: '02:00:5e:10:00:02' })
  const [seat] = cnm.seats('two')
  expect(seat?.network.plugin).toBe(true)
  expect(await reaches(one.path, seat?.endpoint.address?.replace(/\/.*/, '') ?? '')).toBe(true)
  expect(await reaches(two.path, '10.60.0.1')).toBe(true)
  expect(must(['ip', '-br', 'link', 'show', 'eth0'], { netns: two.path })).toContain('02:00:5e:10:00:02')
  await cnm.disconnect('two', 'there')
  await cnm.removeSandbox('two')
  await cnm.removeSandbox('one')
  await cnm.removeNetwork('there')
  stage.expectUntouched()
})

it('and as a plugin that is asked call by call', async () => {
  const { socket, folders, argv } = asPlugin()
  await using _plugin = await start(argv, { netns: stage.lab.host })
  const ask = (method: string, body?: object) =>
    new Promise<{ readonly [key: string]: Json }>((resolve, reject) => {
      const asked = request({ method: 'POST', path: `/${method}`, socketPath: socket }, async (reply) =>
        resolve(JSON.parse((await reply.setEncoding('utf8').toArray()).join(''))),
      )
      asked.once('error', reject).end(body && JSON.stringify(body))
    })
  expect(existsSync(folders.CNM_ROOT)).toBe(true)
  const ids = { NetworkID: 'a4'.repeat(32), EndpointID: '0123456789abcdef'.repeat(4) }
  expect(await ask('Plugin.Activate')).toEqual({ Implements: ['NetworkDriver'] })
  await ask('NetworkDriver.CreateNetwork', { ...ids, IPv4Data: [{ Pool: '10.60.0.0/24', Gateway: '10.60.0.1/24' }] })
  expect(await ask('NetworkDriver.CreateEndpoint', { ...ids, Interface: { Address: '10.60.0.2/24' } })).toEqual({
    Interface: { MacAddress: '02:67:89:ab:cd:ef' },
  })
  expect(await ask('NetworkDriver.Join', { ...ids, SandboxKey: '/x' })).toMatchObject({
    InterfaceName: { SrcName: 'ptp789abcd', DstPrefix: 'eth' },
    Gateway: '10.60.0.1',
  })
  expect(must(['ip', 'route', 'show', '10.60.0.2'], { netns: stage.lab.host })).toContain('dev ptp0123456')
  expect(await ask('NetworkDriver.Leave', ids)).toEqual({})
  expect(await ask('NetworkDriver.DeleteEndpoint', ids)).toEqual({})
  expect(await ask('NetworkDriver.DeleteNetwork', ids)).toEqual({})
})
