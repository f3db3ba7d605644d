import { once } from 'node:events'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { request as requestByTls } from 'node:https'
import { join } from 'node:path'
import Docker from 'dockerode'
import { describe, expect, it } from 'vitest'
import { serve } from '../../lib/server/daemon.ts'
import { certificatesIn } from '../../lib/server/tls.ts'
import { Authority } from '../support/certificates.ts'
import { Stage } from '../support/stage.ts'
import { serve as answer, ask } from '../support/traffic.ts'

const stage = new Stage()
const daemon = (options: object = {}) => serve(stage.cnm, { release: '1.2.3', plugins: null, ...options })
const client = () => new Docker({ socketPath: join(stage.lab.run, 'cnm.sock') })

interface Told {
  readonly Action: string
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> }
}

/** What a stream of events tells, as it comes. */
async function listen(docker: Docker, options: object = {}) {
  const stream = await docker.getEvents(options)
  const told: Told[] = []
  stream.on('data', (text: Buffer) => {
    for (const line of String(text).trim().split('\n')) told.push(JSON.parse(line))
  })
  return { told, ended: once(stream, 'end') }
}

describe('dockerode', () => {
  it('works networks from end to end, and packets go where it says', async () => {
    await using _ = await daemon()
    const docker = client()
    const { told, ended } = await listen(docker, { filters: { type: ['network'] } })
    const network = await docker.createNetwork({
      Name: 'front',
      Driver: 'bridge',
      Labels: { tier: 'web' },
      IPAM: { Config: [{ Subnet: '10.9.0.0/24', Gateway: '10.9.0.254' }] },
    })
    const web = await stage.cnm.createSandbox({ name: 'web', networks: [] })
    await network.connect({ Container: 'web', EndpointConfig: { IPAMConfig: { IPv4Address: '10.9.0.7' } } })
    expect(await network.inspect()).toMatchObject({ Name: 'front', Containers: { [web.id]: { Name: 'web', IPv4Address: '10.9.0.7/24' } } })
    {
      await using _server = await answer(web.path, 'tcp', '10.9.0.7', 80)
      expect(await ask(stage.lab.host, 'tcp', '10.9.0.7', 80)).toBe('10.9.0.254')
    }
    expect((await docker.listNetworks({ filters: { label: ['tier=web'] } })).map(({ Id }) => Id)).toEqual([network.id])
    const [seen] = await docker.listContainers({ filters: { network: ['front'] } })
    expect(seen).toMatchObject({ Id: web.id, Names: ['/web'] })
    const { NetworkSettings } = await docker.getContainer('web').inspect()
    expect(NetworkSettings.Networks['front']).toMatchObject({ NetworkID: network.id, IPAddress: '10.9.0.7' })
    await expect(network.remove()).rejects.toMatchObject({ statusCode: 403, json: { code: 'NETWORK_IN_USE' } })
    await network.disconnect({ Container: 'web' })
    await docker.createNetwork({ Name: 'idle' })
    expect(await docker.pruneNetworks({ filters: { 'label!': ['tier=web'] } })).toEqual({ NetworksDeleted: ['idle'] })
    await network.remove()
    await expect(docker.getNetwork('front').inspect()).rejects.toMatchObject({ statusCode: 404, reason: 'no such network' })
    await expect(docker.createContainer({ Image: 'tiny' })).rejects.toMatchObject({ statusCode: 501 })
    expect((await docker.version()).ApiVersion).toBe('1.54')

    const named = ['create front', 'connect front', 'disconnect front', 'create idle', 'destroy idle', 'prune undefined', 'destroy front']
    await expect.poll(() => told.map(({ Action, Actor }) => `${Action} ${Actor.Attributes['name']}`)).toEqual(named)
    expect(told[1]?.Actor).toEqual({ ID: network.id, Attributes: { container: web.id, name: 'front', type: 'bridge' } })
    // What has been is told too, and ends.
    const past = await listen(docker, { until: Date.now() / 1000, filters: { event: ['connect', 'destroy'], network: ['front'] } })
    await past.ended
    expect(past.told.map(({ Action }) => Action)).toEqual(['connect', 'destroy'])
    await expect(docker.getEvents({ since: 2, until: 1 })).rejects.toThrow(
      '(HTTP code 400) unexpected - `since` time (2) cannot be after `until` time (1)',
    )
    // A stream ends with the daemon, which does not wait for it.
    await _.close()
    await ended
  })

  it('listens any number of times, and nobody is warned of that', async () => {
    const warnings: Error[] = []
    const warned = (warning: Error) => void warnings.push(warning)
    process.on('warning', warned)
    try {
      await using _ = await daemon()
      const listeners = await Promise.all(Array.from({ length: 20 }, () => listen(client())))
      await client().createNetwork({ Name: 'front' })
      for (const { told } of listeners) await expect.poll(() => told).toMatchObject([{ Action: 'create' }])
    } finally {
      process.off('warning', warned)
    }
    expect(warnings.filter(({ name }) => name === 'MaxListenersExceededWarning')).toEqual([])
  })

  it('that hangs up before it is answered leaves nothing behind', async () => {
    await using _ = await daemon()
    let free = () => {}
    const busy = stage.cnm.asIpamPlugin('default', () => new Promise<void>((resolve) => (free = resolve)))
    const asked = request({
      socketPath: join(stage.lab.run, 'cnm.sock'),
      method: 'POST',
      path: '/networks/create',
      headers: { 'content-type': 'application/json' },
    })
    asked.on('error', () => {})
    await new Promise<void>((resolve) => asked.end('{"Name":"late"}', resolve))
    // What others ask meanwhile gives it time to get there, and then to be seen to go.
    for (let others = 0; others < 3; others++) await client().ping()
    asked.destroy()
    for (let others = 0; others < 3; others++) await client().ping()
    free()
    await busy
    await stage.cnm.findings()
    expect(stage.cnm.networks().map(({ name }) => name)).not.toContain('late')
  })
})

describe('the socket', () => {
  it("is its owner's, or a group's too", async () => {
    const mode = () => statSync(join(stage.lab.run, 'cnm.sock'))
    {
      await using _ = await daemon()
      expect(mode().mode & 0o777).toBe(0o600)
    }
    await using _ = await daemon({ group: 'daemon' })
    expect([mode().mode & 0o777, mode().gid]).toEqual([0o660, 1])
    await expect(daemon({ group: 'no such group', hosts: [`unix://${stage.lab.run}/other.sock`] })).rejects.toMatchObject({
      code: 'GROUP_NOT_FOUND',
    })
  })

  it('is nowhere that has no place for one', async () => {
    for (const [host, code] of [
      ['/run/x.sock', 'HOST_INVALID'],
      ['unix://x.sock', 'HOST_INVALID'],
      ['tcp://127.0.0.1', 'HOST_INVALID'],
      ['tcp://127.0.0.1:70000', 'HOST_INVALID'],
      ['tcp://[1]:1', 'HOST_INVALID'],
      ['fd://', 'HOST_INVALID'],
      [`unix:///run/${'x'.repeat(110)}`, 'SOCKET_LONG'],
      ['tcp://0.0.0.0:1', 'HOST_OPEN'],
      ['tcp://[::]:1', 'HOST_OPEN'],
      ['tcp://192.0.2.1:1', 'HOST_OPEN'],
      ['tcp://example.org:1', 'HOST_OPEN'],
      ['unix:///etc/passwd/x.sock', 'HOST_UNUSABLE'],
      ['unix:///proc/x.sock', 'HOST_UNUSABLE'],
    ])
      await expect(daemon({ hosts: [host] }), host).rejects.toMatchObject({ code })
    await expect(daemon({ hosts: ['tcp://127.0.0.1:1'], tls: '/nowhere' })).rejects.toMatchObject({ code: 'TLS_UNREADABLE' })
    await expect(daemon({ plugins: '/etc/passwd' })).rejects.toMatchObject({
      code: 'HOST_UNUSABLE',
      message: expect.stringContaining('cannot serve at unix:///etc/passwd/cnm.sock: '),
    })
    await expect(daemon({ group: '99999999999' })).rejects.toMatchObject({ code: 'GROUP_NOT_FOUND' })
  })

  it('by TCP is where nobody else is', async () => {
    await using first = await daemon({ hosts: ['tcp://127.0.0.1:0'] })
    const [host = ''] = first.sockets
    await expect(daemon({ hosts: [host] })).rejects.toMatchObject({
      code: 'HOST_UNUSABLE',
      message: expect.stringMatching(/^cannot serve at tcp:\/\/127\.0\.0\.1:\d+: .*EADDRINUSE/),
      remedy: expect.stringContaining('ss -lntp'),
    })
  })

  it('by TCP needs certificates that are some, and a key that fits; the file is named that does not', async () => {
    using authority = new Authority()
    const [{ folder }, { key }] = [authority.issue('server'), authority.issue('other')]
    for (const [name, text] of [
      ['ca.pem', ''],
      ['cert.pem', 'no certificate'],
      ['key.pem', 'no key'],
      ['key.pem', readFileSync(key)],
    ] as const) {
      const path = join(folder, name)
      const good = readFileSync(path)
      writeFileSync(path, text)
      await expect(daemon({ hosts: ['tcp://127.0.0.1:0'], tls: folder }), `${name}: ${text}`).rejects.toMatchObject({
        code: 'TLS_UNREADABLE',
        message: expect.stringContaining(path),
      })
      writeFileSync(path, good)
    }
  })

  it('by TCP is for clients whose certificate the same CA has signed', async () => {
    using authority = new Authority()
    using other = new Authority()
    const [server, client, stranger] = [authority.issue('server'), authority.issue('client'), other.issue('stranger')]
    await using _ = await daemon({ hosts: ['tcp://127.0.0.1:0'], tls: server.folder })
    const [, port] = /^tcp:\/\/127\.0\.0\.1:(\d+)$/.exec(_.sockets[0] ?? '') ?? []
    const ping = (certificates: object) =>
      new Promise<number>((resolve, reject) => {
        const asked = requestByTls({ host: '127.0.0.1', port, path: '/_ping', ...certificates }, ({ statusCode = 0 }) =>
          resolve(statusCode),
        )
        asked.once('error', reject).end()
      })
    const { ca, ...own } = certificatesIn(client.folder)
    expect(await ping({ ...own, ca })).toBe(200)
    await expect(ping({ ...certificatesIn(stranger.folder), ca })).rejects.toThrow()
    await expect(ping({ ca })).rejects.toThrow()
  })
})
