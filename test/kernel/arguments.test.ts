import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { examine, open } from '../../lib/index.ts'
import { Stage } from '../support/stage.ts'

const stage = new Stage()

describe('what a verb was asked for', () => {
  it('is what it was then: a program may use its request again, and change it', async () => {
    const request = { name: '', labels: { of: '' } }
    const made = ['a', 'b'].map((name) => {
      request.name = name
      request.labels.of = name
      return stage.cnm.createNetwork(request)
    })
    request.labels.of = 'nobody'
    expect((await Promise.all(made)).map(({ name, labels }) => [name, labels])).toEqual([
      ['a', { of: 'a' }],
      ['b', { of: 'b' }],
    ])
    const attachment = { network: 'a', aliases: ['one'] }
    await stage.cnm.createSandbox({ name: 'web', networks: [attachment] })
    attachment.aliases.push('two')
    expect(stage.cnm.endpoints()[0]?.aliases).toEqual(['one'])
  })

  it('is recorded for good: nobody changes a record by what he was given', async () => {
    await stage.cnm.createNetwork({ name: 'a', labels: { of: 'a' } })
    const shown = stage.cnm.network('a') as any
    for (const change of [() => (shown.name = 'b'), () => (shown.labels.of = 'b'), () => shown.pools.pop()])
      expect(change).toThrow(TypeError)
      // A list is the caller's own.
    ;(stage.cnm.networks() as any).pop()
    expect(stage.cnm.networks()).toHaveLength(4)
  })

  it.each([
    ['network should be an object', () => stage.cnm.createNetwork(undefined as any)],
    ['network.name should be text', () => stage.cnm.createNetwork({} as any)],
    ['network.name should be text', () => stage.cnm.createNetwork({ name: Symbol('x') } as any)],
    ['network.scope should be one of local, swarm', () => stage.cnm.createNetwork({ name: 'a', scope: 'galaxy' } as any)],
    ['network.driver should be text', () => stage.cnm.createNetwork({ name: 'a', driver: 7 } as any)],
    ['network.ipam.config should be a list', () => stage.cnm.createNetwork({ name: 'a', ipam: { config: {} } } as any)],
    ['network.ipam.config[0] should be an object', () => stage.cnm.createNetwork({ name: 'a', ipam: { config: [null] } } as any)],
    [
      'network.ipam.config[0].gateway should be text',
      () => stage.cnm.createNetwork({ name: 'a', ipam: { config: [{ subnet: '10.4.0.0/24', gateway: 7 }] } } as any),
    ],
    ['sandbox.networks should be a list', () => stage.cnm.createSandbox({ networks: 'bridge' } as any)],
    ['sandbox.networks[0] should be an object', () => stage.cnm.createSandbox({ networks: ['bridge'] } as any)],
    ['sandbox.ports should be a list', () => stage.cnm.createSandbox({ ports: '80:80' } as any)],
    ['sandbox.path should be text', () => stage.cnm.createSandbox({ path: 7 } as any)],
    ['attachment should be an object', () => stage.cnm.connect('web', undefined as any)],
    ['attachment.linkLocal should be a list', () => stage.cnm.connect('web', { network: 'a', linkLocal: '169.254.1.1' } as any)],
    ['sandbox should be text', () => stage.cnm.reserve('bridge', undefined as any, '172.17.0.9')],
    ['address should be text', () => stage.cnm.reserve('bridge', 'web', undefined as any)],
    ['request.to should be text', () => stage.cnm.explain({ from: 'host' } as any)],
  ])('%s', async (reason, verb) => {
    await expect(verb()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', status: 400, message: `invalid argument: ${reason}` })
    expect([stage.cnm.networks().length, stage.cnm.sandboxes().length]).toEqual([3, 0])
  })

  it('is looked at in requests to a swarm, of peers, and where the state is', async () => {
    const verbs: readonly (readonly [string, () => Promise<unknown>])[] = [
      ['peer.mac should be text', () => stage.cnm.addPeer('bridge', { vtep: '192.0.2.9' } as any)],
      ['peer should be text', () => stage.cnm.removePeer('bridge', undefined as any)],
      ['swarm should be an object', () => stage.cnm.initSwarm(null as any)],
      ['swarm.pools should be a list', () => stage.cnm.initSwarm({ pools: '10.0.0.0/8' } as any)],
      ['swarm.heartbeat should be a number', () => stage.cnm.initSwarm({ heartbeat: '5s' } as any)],
      ['swarm.tls.ca should be text', () => stage.cnm.initSwarm({ tls: { ca: Buffer.of() } } as any)],
      ['swarm.token should be text', () => stage.cnm.joinSwarm({ engine: 'etcd://192.0.2.9' } as any)],
      ['swarm.engine should be text', () => stage.cnm.joinSwarm({ token: 'x' } as any)],
      ['swarm.engine should be text', () => stage.cnm.enterSwarm({} as any)],
      ['options.force should be true or false', () => stage.cnm.leaveSwarm({ force: 'yes' } as any)],
      ['options.rotate should be true or false', () => stage.cnm.joinToken({ rotate: 1 } as any)],
      ['force should be true or false', () => stage.cnm.removeNode('self', { force: 'yes' } as any)],
      ['node should be text', () => stage.cnm.removeNode(7 as any)],
      ['root should be a path', () => open({ root: '' })],
      ['run should be text', () => open({ root: '/nowhere', run: 7 } as any)],
      ['run should be a path', () => examine({ root: '/nowhere', run: '' })],
    ]
    for (const [reason, verb] of verbs)
      await expect(verb()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: `invalid argument: ${reason}` })
    expect(existsSync('/nowhere')).toBe(false)
  })
})

describe('a command', () => {
  it.each([[[]], [['']], ['true'], [undefined], [[7]]])('%j is none: no shell is begun instead', async (command: any) => {
    await stage.cnm.createSandbox({ name: 'web', networks: [] })
    await expect(stage.cnm.spawn('web', command)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})

it('a plan of a command starts nothing, and ends there', async () => {
  await stage.cnm.createSandbox({ name: 'web', networks: [] })
  const file = `${stage.lab.run}-touched`
  const { text } = await stage.cnm.plan(async (dry) => {
    const child = await dry.spawn('web', ['touch', file])
    await once(child, 'exit')
    await dry.createNetwork({ name: 'late' })
  })
  expect([text, existsSync(file)]).toEqual(['', false])
})

describe('a namespace', () => {
  it.each(['/nowhere', '/etc/passwd', 'a\0b'])('%j is none: it is named, and no state is made', async (netns) => {
    const places = { root: `${stage.lab.root}-2`, run: `${stage.lab.run}-2` }
    await expect(open({ ...places, netns })).rejects.toMatchObject({
      code: 'NAMESPACE_NOT_FOUND',
      message: expect.stringContaining(`no network namespace at ${netns}: `),
    })
    expect(Object.values(places).filter(existsSync)).toEqual([])
    await expect(stage.cnm.createSandbox({ path: netns })).rejects.toMatchObject({ code: 'NAMESPACE_NOT_FOUND' })
  })
})

describe('events', () => {
  it.each([{ since: Number.NaN }, { until: Number.NaN }, { since: '0' }, { until: new Date() }, null])('%j is no period', (period: any) => {
    expect(() => stage.cnm.events(period)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })

  it('are left while the next one is waited for', async () => {
    const events = stage.cnm.events()
    const next = events.next()
    await stage.cnm.createNetwork({ name: 'a' })
    expect((await next).value).toMatchObject({ action: 'create' })
    const waiting = events.next()
    await events.return(undefined)
    expect(await waiting).toEqual({ done: true, value: undefined })
  })
})
