import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Stubs } from '../plugins/stub.ts'
import { runAsync } from '../support/run.ts'
import { CNM, Host } from './host.ts'

const stubs = new Stubs()
let host: Host
beforeEach(() => {
  host = new Host()
  stubs.settle(host)
})
afterEach(() => host[Symbol.asyncDispose]())

it('cnm plugin ls and inspect say who is there, where, and what it is able to', async () => {
  const { sockets } = stubs.plugins.places
  const cnm = (line: readonly string[]) => host.cnm(['plugin', ...line], { env: { CNM_PLUGIN_DIR: sockets } })
  expect(await cnm(['ls'])).toEqual({ status: 0, stdout: 'ID        NAME      DESCRIPTION   ENABLED\n', stderr: '' })
  await stubs.start('stub', { ipam: { RequiresMACAddress: true }, capabilities: { Scope: 'local', ConnectivityScope: 'global' } })
  await stubs.start('dead')
  await stubs.stop('dead')
  writeFileSync(join(sockets, 'no.sock'), '')
  const { stdout, stderr } = await cnm(['ls'])
  expect(stdout).toMatch(/^ID {13}NAME {6}DESCRIPTION {2,}ENABLED\n[0-9a-f]{12} {3}dead {6}Plugin\.Activate: .*ECONNREFUSED .*false\n/)
  expect(stdout).toMatch(/^[0-9a-f]{12} {3}stub {6}NetworkDriver, IpamDriver {2,}true$/m)
  expect(stderr).toContain('plugin no is not found')
  expect((await cnm(['ls', '--format', '{{.Name}} {{.Enabled}} {{.Address}}'])).stdout).toBe(
    `dead false unix://${sockets}/dead.sock\nstub true unix://${sockets}/stub.sock\n`,
  )
  expect(JSON.parse((await cnm(['ls', '--format', 'json'])).stdout.split('\n')[1] ?? '')).toMatchObject({ Name: 'stub', Enabled: 'true' })
  const [seen] = JSON.parse((await cnm(['inspect', 'stub'])).stdout)
  expect(seen).toEqual({
    Config: {
      Description: 'NetworkDriver, IpamDriver',
      Interface: {
        Socket: `unix://${sockets}/stub.sock`,
        Types: ['networkdriver', 'ipamdriver'].map((each) => ({ Capability: each, Prefix: 'docker', Version: '1.0' })),
      },
    },
    Enabled: true,
    Id: expect.stringMatching(/^[0-9a-f]{64}$/),
    Name: 'stub',
    TLS: null,
    Capabilities: {
      NetworkDriver: { Scope: 'local', ConnectivityScope: 'global', GwAllocChecker: false },
      IpamDriver: {
        RequiresMACAddress: true,
        RequiresRequestReplay: false,
        LocalDefaultAddressSpace: 'stublocal',
        GlobalDefaultAddressSpace: 'stubglobal',
      },
    },
  })
  expect(await cnm(['inspect', '-f', '{{.Name}} {{.Capabilities.NetworkDriver.Scope}}', 'stub', 'nobody'])).toMatchObject({
    status: 1,
    stdout: 'stub local\n',
    stderr: expect.stringContaining('plugin nobody is not found'),
  })
})

it('any number of plugins are asked at a time, and what they say stays in its row', async () => {
  const { sockets } = stubs.plugins.places
  const servers = Array.from({ length: 12 }, (_, index) => {
    const answer = index === 0 ? '\u001b[31mred\r\nand more' : `no ${index}`
    const server = createServer((__, reply) => reply.writeHead(500).end(answer))
    return server.listen(join(sockets, `p${index}.sock`))
  })
  const env = { ...host.env, CNM_PLUGIN_DIR: sockets }
  const { stdout, stderr } = await runAsync([process.execPath, CNM, 'plugin', 'ls'], { netns: host.host, env })
  for (const server of servers) server.close()
  expect(stderr).toBe('')
  expect(stdout.split('\n')).toHaveLength(1 + 12 + 1)
  expect(stdout).toMatch(/^[0-9a-f]{12} {3}p0 +Plugin\.Activate: {2}\[31mred and more +false$/m)
})

it('a network of a plugin by the command line, each verb a process of its own', async () => {
  await stubs.start('stub')
  const env = { ...host.env, CNM_PLUGIN_DIR: stubs.plugins.places.sockets }
  const cnm = (line: string) => runAsync([process.execPath, CNM, ...line.split(' ')], { netns: host.host, env })
  const created = await cnm('network create -d stub --ipam-driver stub -o colour=blue back')
  expect(created).toMatchObject({ status: 0, stderr: '' })
  expect(await cnm('run --network back -- ping -c 1 -W 5 10.77.0.1')).toMatchObject({ status: 0, stderr: '' })
  expect((await cnm('network inspect -f {{.Driver}}/{{.IPAM.Driver}}/{{.Options}} back')).stdout).toBe('stub/stub/map[colour:blue]\n')
  stubs.twist('stub', { refuse: { 'NetworkDriver.Join': 'no more of you' } })
  const refused = await cnm('sandbox create --name one --network back')
  expect(refused).toMatchObject({
    status: 1,
    stderr: 'NetworkDriver.Join: no more of you\nhint: these are the words of plugin stub; cnm plugin inspect stub\n',
  })
  expect(await cnm('network rm back')).toEqual({ status: 0, stdout: 'back\n', stderr: '' })
  const heard = stubs.heard('stub')
  const counts = (verb: string) => heard.filter(({ method, status }) => status === 200 && method.endsWith(verb)).length
  for (const [made, gone] of [
    ['CreateNetwork', 'DeleteNetwork'],
    ['CreateEndpoint', 'DeleteEndpoint'],
    ['RequestPool', 'ReleasePool'],
    ['RequestAddress', 'ReleaseAddress'],
  ] as const)
    expect([made, counts(made)]).toEqual([made, counts(gone)])
})
