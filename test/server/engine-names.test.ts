import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { EngineNames } from '../../lib/server/engine-names.ts'
import { Stage } from '../support/stage.ts'
import { Engine } from './engine.ts'

const stage = new Stage()

const NETWORK = '5fca37c11bd71a96422ca3d00689858a6dc12ea151050b702192cc1a369e80d8'

interface FakeNetwork {
  readonly Id: string
  readonly IPAM: { readonly Driver: string; readonly Config: readonly { readonly Subnet?: string }[] | null }
}

/** An engine's API, as far as networks and what happens to them. */
class FakeEngine {
  readonly asked: string[] = []
  socket = ''
  readonly #networks: FakeNetwork[]
  readonly #ears = new Set<ServerResponse>()
  readonly #server = createServer(({ url = '' }, answer) => {
    this.asked.push(url)
    if (url.startsWith('/events')) {
      this.#ears.add(answer)
      return answer.flushHeaders()
    }
    if (url === '/networks') return answer.end(JSON.stringify(this.#networks))
    const said = this.#networks.find(({ Id }) => url === `/networks/${Id}`)
    return said ? answer.end(JSON.stringify({ Name: said.Id, Labels: {}, Containers: {}, ...said })) : answer.writeHead(404).end()
  })

  constructor(networks: readonly FakeNetwork[]) {
    this.#networks = [...networks]
  }

  async listen(socket: string): Promise<AsyncDisposable> {
    this.socket = socket
    await once(this.#server.listen(socket), 'listening')
    return {
      [Symbol.asyncDispose]: async () => {
        const closed = once(this.#server.close(), 'close')
        this.#server.closeAllConnections()
        await closed
      },
    }
  }

  create(network: FakeNetwork): void {
    this.#networks.push(network)
    const said = { Action: 'create', Actor: { ID: network.Id, Attributes: {} } }
    for (const ear of this.#ears) ear.write(`${JSON.stringify(said)}\n`)
  }
}

it('an engine that tells of what happens, and not what there is, is listened to once at a time', async () => {
  const heard: IncomingMessage[] = []
  const engine = createServer((asked, answer) => {
    if (asked.url?.startsWith('/events')) {
      heard.push(asked)
      answer.flushHeaders()
    } else answer.writeHead(403).end()
  })
  const socket = join(stage.lab.run, '..', 'engine.sock')
  await once(engine.listen(socket), 'listening')
  {
    await using _ = new EngineNames(stage.cnm, socket)
    await expect.poll(() => heard.length).toBe(2)
    await expect.poll(() => heard[0]?.socket.destroyed).toBe(true)
  }
  engine.close()
  engine.closeAllConnections()
})

describe('a pool that an engine asked for', () => {
  const subnets = () => stage.cnm.findings().then((found) => found.map(({ code, subject }) => `${code} ${subject}`).sort())

  it('and has no network for, since it was killed in between, is found and given back', async () => {
    const { cnm } = stage
    const plugin = new Engine(cnm)
    const lend = async (Pool: string) => (await plugin.must('IpamDriver.RequestPool', { AddressSpace: 'LocalDefault', Pool }))['PoolID']
    // Ours, one of another driver, and those that are of none yet.
    const { pool } = await plugin.createNetwork(NETWORK, '10.40.0.0/24')
    const pools = [pool, await lend('10.41.0.0/24'), await lend('10.42.0.0/24'), await lend('10.43.0.0/24'), await lend('10.44.0.0/24')]
    await stage.reopen()
    const engine = new FakeEngine([
      { Id: NETWORK, IPAM: { Driver: 'cnm', Config: [{ Subnet: '10.40.0.0/24' }] } },
      { Id: 'other', IPAM: { Driver: 'cnm', Config: [{ Subnet: '10.41.0.0/24' }] } },
      { Id: 'own', IPAM: { Driver: 'null', Config: null } },
    ])
    const again = new Engine(stage.cnm)
    await using _ = await engine.listen(join(stage.lab.run, '..', 'engine.sock'))
    await using __ = new EngineNames(stage.cnm, engine.socket)
    const lost = ['10.42.0.0/24', '10.43.0.0/24', '10.44.0.0/24'].map((subnet) => `POOL_FORGOTTEN pool ${subnet}`)
    await expect.poll(subnets).toEqual(lost)
    await again.must('IpamDriver.RequestPool', { AddressSpace: 'LocalDefault', Pool: '10.45.0.0/24' })
    expect(await subnets()).toEqual(lost)
    // Somebody asks for an address of it, and a network comes that has it.
    await again.must('IpamDriver.RequestAddress', { PoolID: pools[3], Address: '' })
    engine.create({ Id: 'late', IPAM: { Driver: 'cnm', Config: [{ Subnet: '10.44.0.0/24' }] } })
    await expect.poll(subnets).toEqual(lost.slice(0, 1))
    // Who only looks gives nothing back.
    expect((await stage.cnm.examine()).findings).toHaveLength(1)
    expect(await stage.cnm.repair()).toMatchObject({ mended: [{ subject: 'pool 10.42.0.0/24' }], left: [], errors: [] })
    await stage.cnm.createNetwork({ name: 'own', ipam: { config: [{ subnet: '10.42.0.0/24' }] } })
    for (const taken of ['10.41.0.0/24', '10.43.0.0/24', '10.44.0.0/24', '10.45.0.0/24'])
      await expect(stage.cnm.createNetwork({ name: 'x', ipam: { config: [{ subnet: taken }] } })).rejects.toMatchObject({
        code: 'POOL_OVERLAP',
      })
    await again.must('NetworkDriver.DeleteNetwork', { NetworkID: NETWORK })
  })

  it('is not given back on account of an engine that does not say which subnets its networks have', async () => {
    await new Engine(stage.cnm).must('IpamDriver.RequestPool', { AddressSpace: 'LocalDefault', Pool: '10.42.0.0/24' })
    await stage.reopen()
    const engine = new FakeEngine([{ Id: 'other', IPAM: { Driver: 'cnm', Config: [{ Subnet: '0.0.0.0/24' }] } }])
    await using _ = await engine.listen(join(stage.lab.run, '..', 'engine.sock'))
    await using __ = new EngineNames(stage.cnm, engine.socket)
    await expect.poll(() => engine.asked).toContain('/networks')
    // What it is asked next, it is asked after that.
    engine.create({ Id: 'late', IPAM: { Driver: 'default', Config: [] } })
    await expect.poll(() => engine.asked).toContain('/networks/late')
    expect(await subnets()).toEqual([])
  })
})
