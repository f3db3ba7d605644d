import { describe, expect, it } from 'vitest'
import { bridge } from '../../lib/drivers/bridge.ts'
import { CnmError } from '../../lib/index.ts'
import { createDefaultIpam } from '../../lib/ipam/default.ts'
import { Stage } from '../support/stage.ts'

const stage = new Stage()
const broken = (method: string, reason: string) => ({
  code: 'DRIVER_BROKEN',
  status: 500,
  message: `driver theirs does not keep to its contract: ${method}: ${reason}`,
})

/** What somebody might write who has no compiler to tell them. */
const theirs = (methods: object): any => ({ ...bridge, name: 'theirs', ...methods })
const theirIpam = (methods: object): any => {
  const ipam = createDefaultIpam()
  const bound = ['defaultAddressSpaces', 'requestPool', 'releasePool', 'requestAddress', 'releaseAddress'].map((name) => [
    name,
    (ipam as any)[name].bind(ipam),
  ])
  return { capabilities: ipam.capabilities, ...Object.fromEntries(bound), name: 'theirs', ...methods }
}

describe('a network driver', () => {
  const create = () => stage.cnm.createNetwork({ name: 'web', driver: 'theirs' })
  const attach = async () => {
    await create()
    await stage.cnm.createSandbox({ networks: [{ network: 'web' }] })
  }

  it.each([
    ['createNetwork', () => undefined, 'it should be an object', create],
    ['createNetwork', () => ({ plan: 'ip link add' }), 'plan should be a list', create],
    ['createNetwork', async () => ({ plan: [{ link: 'x' }] }), 'plan[0].op should be text', create],
    ['createNetwork', () => ({ plan: [], wall: { id: 'x' } }), 'wall.link should be text', create],
    ['createNetwork', () => Promise.reject(new TypeError('x is undefined')), 'x is undefined', create],
    [
      'skipGateway',
      () => {
        throw new RangeError('no')
      },
      'no',
      create,
    ],
    ['createNetwork', () => Promise.reject(), 'it threw undefined', create],
    ['createNetwork', () => Promise.reject('no'), 'it threw no', create],
    ['createNetwork', () => ({ then: (answer: (value: unknown) => void) => answer(7) }), 'it should be an object', create],
    ['adoptedLinks', () => [7], '[0] should be text', create],
    ['hostAddress', () => 'yes', 'it should be true or false', create],
    ['createEndpoint', () => ({ plan: [], mac: 'AA' }), 'mac should be a MAC address', attach],
    ['join', () => ({ plan: [], gateway: null }), 'gateway should be text', attach],
    ['publishing', () => ({ modes: { 4: 'nat' } }), 'modes.6 should be one of nat, nat-unprotected, routed, isolated', attach],
  ])('%s answers with what is none: it is named, and nothing is done', async (method, answer, reason, verb) => {
    await stage.reopen({ drivers: [theirs({ [method]: answer })] })
    await expect(verb()).rejects.toMatchObject(broken(method, reason))
    expect(stage.cnm.sandboxes()).toEqual([])
    await stage.reopen({ drivers: [theirs({})] })
  })

  it('may refuse in the words of another copy of this library', async () => {
    const values = { key: 'colour', value: 'red', reason: 'blue' }
    const refusal = Object.assign(new Error('theirs'), { name: 'CnmError', code: 'INVALID_OPTION', status: 400, remedy: '', values })
    await stage.reopen({ drivers: [theirs({ createNetwork: () => Promise.reject(refusal) })] })
    const error = await create().catch((thrown) => thrown)
    expect(error).toBeInstanceOf(CnmError)
    expect(error).toMatchObject({ code: 'INVALID_OPTION', message: 'failed to parse colour value: red (blue)', cause: refusal })
  })

  it('changes nothing of what it is told', async () => {
    const changing = (network: any) => {
      network.pools[0].subnet = '192.0.2.0/24'
      return { plan: [] }
    }
    await stage.reopen({ drivers: [theirs({ createNetwork: changing })] })
    await expect(create()).rejects.toMatchObject({ code: 'DRIVER_BROKEN', message: expect.stringContaining('read only property') })
    expect(stage.cnm.networks()).toHaveLength(3)
  })

  it('may be frozen', async () => {
    await stage.reopen({ drivers: [Object.freeze(theirs({}))] })
    await attach()
    expect(stage.cnm.endpoints()).toHaveLength(1)
  })

  it('plans a step that there is not: it is named, and nothing is done', async () => {
    await stage.reopen({ drivers: [theirs({ createNetwork: () => ({ plan: [{ op: 'link.make', name: 'x' }] }) })] })
    await expect(create()).rejects.toMatchObject({ code: 'PLAN_INVALID', message: expect.stringContaining('link.make') })
    expect(stage.cnm.networks()).toHaveLength(3)
    expect(await stage.cnm.findings()).toEqual([])
  })

  it.each([
    [{ name: 7 }, 'name should be text'],
    [{ capabilities: undefined }, 'capabilities should be an object'],
    [{ leave: undefined }, 'leave should be a method'],
    [{ kin: 'bridge' }, 'kin should be a list'],
  ])('that lacks something is not opened with', async (lack, reason) => {
    await stage.cnm.close()
    await expect(stage.lab.open({ drivers: [theirs(lack)] })).rejects.toMatchObject({
      code: 'DRIVER_BROKEN',
      message: expect.stringContaining(reason),
    })
    await stage.reopen()
  })
})

describe('an IPAM driver', () => {
  const create = () => stage.cnm.createNetwork({ name: 'web', ipam: { driver: 'theirs' } })

  it.each([
    ['defaultAddressSpaces', () => 'LocalDefault', 'it should be an object'],
    ['requestPool', () => ({ id: 'x', pool: 'ten', data: {} }), 'pool should be an address and the length of its prefix'],
    ['requestPool', () => ({ id: 7, pool: '10.0.0.0/8', data: {} }), 'id should be text'],
    ['requestAddress', () => undefined, "it should be an address and the length of its prefix, or ''"],
    ['requestAddress', () => '10.0.0.1', "it should be an address and the length of its prefix, or ''"],
  ])('%s answers with what is none: it is named, and nothing is done', async (method, answer, reason) => {
    await stage.reopen({ ipamDrivers: [theirIpam({ [method]: answer })] })
    await expect(create()).rejects.toMatchObject(broken(method, reason))
    expect(stage.cnm.networks()).toHaveLength(3)
  })
})

describe('a driver that does not answer', () => {
  const plugins = { patience: 50 }

  it('is named, and keeps nobody else waiting; what it plans for later is asked anew', async () => {
    let answer = (): void => {}
    const silent = new Promise<void>((resolve) => (answer = resolve)).then(() => ({ plan: [] }))
    let asked = 0
    const createNetwork = (...facts: any) => (asked++ === 0 ? silent : (bridge as any).createNetwork(...facts))
    await stage.reopen({ plugins, drivers: [theirs({ createNetwork })] })
    const create = () => stage.cnm.createNetwork({ name: 'web', driver: 'theirs' })
    const refused = { code: 'DRIVER_SILENT', status: 504, message: 'driver theirs has not answered createNetwork in 0.05 s' }
    await expect(create()).rejects.toMatchObject(refused)
    await stage.cnm.createNetwork({ name: 'other' })
    // It is not asked again: one call is made at a time.
    await expect(create()).rejects.toMatchObject(refused)
    expect([asked, stage.cnm.networks().length]).toEqual([1, 4])
    answer()
    await silent
    await expect.poll(() => create().then(() => 'made', String)).toBe('made')
  })

  it('has what it lends too late taken back, and what it is told meanwhile it is told then', async () => {
    const ipam = createDefaultIpam()
    let answer = (): void => {}
    const held = new Promise<void>((resolve) => (answer = resolve))
    const told: string[] = []
    const methods = {
      requestAddress: async (...facts: [string, string, any]) => {
        await held
        told.push('requestAddress')
        return ipam.requestAddress(...facts)
      },
      releaseAddress: async (pool: string, address: string, unused?: boolean) => {
        told.push(`releaseAddress ${address} ${unused}`)
        return ipam.releaseAddress(pool, address)
      },
      releasePool: async (id: string) => {
        told.push('releasePool')
        return ipam.releasePool(id)
      },
    }
    await stage.reopen({ plugins, ipamDrivers: [theirIpam({ ...methods, requestPool: ipam.requestPool.bind(ipam) })] })
    const create = () => stage.cnm.createNetwork({ name: 'web', ipam: { driver: 'theirs', config: [{ subnet: '10.9.0.0/24' }] } })
    await expect(create()).rejects.toMatchObject({ code: 'DRIVER_SILENT', message: expect.stringContaining('requestAddress') })
    expect(told).toEqual([])
    answer()
    await expect.poll(() => told).toEqual(['requestAddress', 'releaseAddress 10.9.0.1 true', 'releasePool'])
    await expect.poll(() => create().then(() => 'made', String)).toBe('made')
  })
})
