import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { PluginClient } from '../../lib/plugins/client.ts'
import { findPlugin } from '../../lib/plugins/discovery.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cnm-test-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const find = (name = 'x') => findPlugin(name, { sockets: join(folder, 'run'), specs: [join(folder, 'etc'), join(folder, 'usr')] })

function write(path: string, text: string): void {
  const file = join(folder, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}

async function serve(path: string): Promise<() => void> {
  const file = join(folder, path)
  mkdirSync(dirname(file), { recursive: true })
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(file, resolve))
  return () => server.close()
}

it('a socket comes before every file, and a file that is no socket is none', async () => {
  write('run/x.sock', '')
  write('etc/x.spec', ' tcp://127.0.0.1:9000\n')
  expect(find()).toEqual({ address: 'tcp://127.0.0.1:9000' })
  const deep = await serve('run/x/x.sock')
  expect(find()).toEqual({ address: `unix://${folder}/run/x/x.sock` })
  rmSync(join(folder, 'run/x.sock'))
  const flat = await serve('run/x.sock')
  expect(find()).toEqual({ address: `unix://${folder}/run/x.sock` })
  flat()
  deep()
})

it('a link to a socket is one, as for dockerd', async () => {
  const close = await serve('elsewhere/plugin.sock')
  mkdirSync(join(folder, 'run'))
  symlinkSync(join(folder, 'elsewhere/plugin.sock'), join(folder, 'run/x.sock'))
  expect(find()).toEqual({ address: `unix://${folder}/run/x.sock` })
  close()
  rmSync(join(folder, 'run/x.sock'))
  // One that leads nowhere is none.
  symlinkSync('x.sock', join(folder, 'run/x.sock'))
  expect(() => find()).toThrow(expect.objectContaining({ code: 'PLUGIN_NOT_FOUND' }))
})

it('a name that no file can have is that of no plugin', () => {
  write('elsewhere/x.spec', 'tcp://127.0.0.1:1')
  for (const name of ['x'.repeat(300), 'a\0b', '../elsewhere/x'])
    expect(() => find(name)).toThrow(expect.objectContaining({ code: 'PLUGIN_NOT_FOUND' }))
})

it('files are read in the order of dockerd', () => {
  write('usr/x.spec', 'http://127.0.0.1:1')
  expect(find()).toEqual({ address: 'http://127.0.0.1:1' })
  write('etc/x/x.json', '{"Name": "y", "Addr": "https://127.0.0.1:2"}')
  expect(find()).toEqual({ address: 'https://127.0.0.1:2' })
  write('etc/x.json', '{"Addr": "tcp://127.0.0.1:3", "TLSConfig": {"CAFile": "/ca.pem", "CertFile": "/c.pem", "KeyFile": "/k.pem"}}')
  expect(find()).toEqual({ address: 'tcp://127.0.0.1:3', tls: { trustAnybody: false, ca: '/ca.pem', cert: '/c.pem', key: '/k.pem' } })
  write('etc/x.json', '{"Addr": "tcp://127.0.0.1:3", "TLSConfig": {}}')
  expect(find()).toEqual({ address: 'tcp://127.0.0.1:3', tls: { trustAnybody: true } })
  write('etc/x/x.spec', 'unix:///a.sock')
  write('etc/x.spec', 'unix:///b.sock')
  expect(find()).toEqual({ address: 'unix:///b.sock' })
})

it('what cannot be found or read is told with its place', () => {
  expect(() => find()).toThrow(expect.objectContaining({ code: 'PLUGIN_NOT_FOUND', remedy: expect.stringContaining(join(folder, 'usr')) }))
  for (const [text, reason] of [
    ['', '"" is not the URL'],
    ['127.0.0.1:80', '"127.0.0.1:80" is not the URL'],
    ['npipe://x', '"npipe://x" is not the URL'],
    ['tcp://', '"tcp://" is not the URL'],
    ['unix://', '"unix://" is not the URL'],
    ['unix://run/x.sock', '"unix://run/x.sock" is not the URL'],
  ] as const) {
    write('etc/x.spec', text)
    expect(() => find()).toThrow(
      expect.objectContaining({
        code: 'PLUGIN_SPEC',
        message: expect.stringContaining(`x.spec does not tell where a plugin is: ${reason}`),
      }),
    )
  }
  rmSync(join(folder, 'etc/x.spec'))
  for (const text of ['{', 'null', '{"Addr": 1}']) {
    write('etc/x.json', text)
    expect(() => find()).toThrow(expect.objectContaining({ code: 'PLUGIN_SPEC' }))
  }
})

it('what is no file is not read: nobody waits for who writes to a pipe', () => {
  mkdirSync(join(folder, 'etc'))
  execFileSync('mkfifo', [join(folder, 'etc/x.spec')])
  // Whoever opens it waits in the kernel, and all of this process with him; so it is looked at in another one.
  const there = JSON.stringify({ sockets: join(folder, 'run'), specs: [join(folder, 'etc')] })
  const program = `import { findPlugin } from '#plugins'; try { findPlugin('x', ${there}) } catch (error) { console.log(error.message) }`
  const module = new URL('../../dist/esm/lib/plugins/discovery.js', import.meta.url).href
  const argv = ['--input-type=module', '--eval', program.replace('#plugins', module)]
  const said = execFileSync(process.execPath, argv, { encoding: 'utf8', timeout: 20_000 })
  expect(said).toBe(`${folder}/etc/x.spec does not tell where a plugin is: it is no file\n`)
})

it('a long text that is no address is not said in full', () => {
  write('etc/x.spec', 'x'.repeat(1_000_000))
  expect(() => find()).toThrow(expect.objectContaining({ message: expect.stringMatching(/^.{0,400}$/s) }))
})

it('a socket is found by whatever name it has', async () => {
  mkdirSync(join(folder, 'run'))
  for (const name of ['a b', 'ünï', '50%20off', 'what?#']) {
    const server = createHttpServer((_, reply) => reply.end(name))
    await new Promise<void>((resolve) => server.listen(join(folder, 'run', `${name}.sock`), resolve))
    expect(await new PluginClient(find(name)).send('Plugin.Activate')).toEqual({ status: 200, text: name })
    server.close()
  }
})

it.each(['127.0.0.1', '[::1]'])('a plugin by TCP is found at %s', async (host) => {
  const server = createHttpServer((_, reply) => reply.end('here'))
  await new Promise<void>((resolve) => server.listen(0, host.replace(/[[\]]/g, ''), resolve))
  write('etc/x.spec', `tcp://${host}:${(server.address() as AddressInfo).port}`)
  expect(await new PluginClient(find()).send('Plugin.Activate')).toEqual({ status: 200, text: 'here' })
  server.close()
})
