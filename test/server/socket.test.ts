import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, request, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { dismiss } from '../../lib/server/guests.ts'
import { passedAt, unserved } from '../../lib/server/passed.ts'
import { listen, listenAt } from '../../lib/server/socket.ts'
import { certificatesIn } from '../../lib/server/tls.ts'
import { Authority } from '../support/certificates.ts'
import { run, start } from '../support/run.ts'

let folder: string
let server: Server
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cnm-test-'))
  server = createServer()
})
afterEach(() => rmSync(folder, { recursive: true }))

it("a socket is its owner's alone, and goes with its server", async () => {
  const path = join(folder, 'deep', 'x.sock')
  await listen(server, path)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  await dismiss(server)
  expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined()
})

it("it is its owner's alone from the first moment, whatever the umask", async () => {
  const path = join(folder, 'x.sock')
  const before = process.umask(0)
  try {
    const seen: (number | undefined)[] = []
    server.once('listening', () => {
      seen.push(...[path, `${path}~`].map((place) => statSync(place, { throwIfNoEntry: false })?.mode))
    })
    await listen(server, path)
    seen.push(statSync(path).mode)
    expect(seen.map((mode) => mode && mode & 0o777)).toEqual([undefined, 0o600, 0o600])
    expect(process.umask()).toBe(0)
  } finally {
    process.umask(before)
    await dismiss(server)
  }
})

it('one that a killed process left is replaced', async () => {
  const path = join(folder, 'x.sock')
  const killed = "require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))"
  run([process.execPath, '-e', killed, path])
  expect(statSync(path).isSocket()).toBe(true)
  await listen(server, path)
  await dismiss(server)
})

it('one that somebody serves, and what is no socket, are left alone', async () => {
  const path = join(folder, 'x.sock')
  await listen(server, path)
  await expect(listen(createServer(), path)).rejects.toMatchObject({
    code: 'SOCKET_IN_USE',
    message: `${path} is served by another process`,
  })
  expect(server.listening).toBe(true)
  await dismiss(server)
  writeFileSync(path, 'mine')
  await expect(listen(server, path)).rejects.toMatchObject({ code: 'SOCKET_FOREIGN' })
  expect(statSync(path).size).toBe(4)
})

it('so are those of whoever is too busy to let anybody in, and of who takes datagrams', async () => {
  const [busy, datagrams] = [join(folder, 'busy.sock'), join(folder, 'datagrams.sock')]
  const program = `
import socket, sys, time
busy, datagrams = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
busy.bind(sys.argv[1]); busy.listen(0); datagrams.bind(sys.argv[2])
waiting = socket.socket(socket.AF_UNIX); waiting.connect(sys.argv[1])
print('ready', flush=True); time.sleep(1000)`
  await using _other = await start(['python3', '-c', program, busy, datagrams])
  for (const path of [busy, datagrams]) {
    const { ino } = statSync(path)
    await expect(listen(server, path)).rejects.toMatchObject({ code: 'SOCKET_IN_USE' })
    expect(statSync(path).ino).toBe(ino)
  }
})

describe('sockets that were passed on', () => {
  /** Whatever this process has open. */
  const ALL = { LISTEN_PID: String(process.pid), LISTEN_FDS: '99999999999' }

  it('are those that listen: connections have the same path', async () => {
    const path = join(folder, 'x.sock')
    const other = createServer()
    await listenAt(server, { path })
    await listenAt(other, { path: join(folder, 'other.sock') })
    const client = connect(path)
    await once(server, 'connection')
    expect(passedAt(path, ALL)).toBeGreaterThan(2)
    expect(unserved([path], ALL).filter((each) => each.startsWith(folder))).toEqual([join(folder, 'other.sock')])
    for (const LISTEN_FDS of ['0', '-1', 'some', '']) expect(passedAt(path, { ...ALL, LISTEN_FDS }), LISTEN_FDS).toBeUndefined()
    expect(passedAt(path, { ...ALL, LISTEN_PID: '1' })).toBeUndefined()
    server.close()
    expect(passedAt(path, ALL)).toBeUndefined()
    client.destroy()
    await Promise.all([server, other].map((each) => dismiss(each)))
  })
})

it('what somebody has put in its place meanwhile is left alone', async () => {
  const path = join(folder, 'x.sock')
  await listen(server, path)
  rmSync(path)
  const other = createServer((_, answer) => answer.end('other'))
  await listen(other, path)
  await dismiss(server)
  const asked = request({ socketPath: path })
  asked.end()
  const [reply] = await once(asked, 'response')
  expect(String(await reply.toArray())).toBe('other')
  await dismiss(other)
  expect(readdirSync(folder)).toEqual([])
})

describe('a server that ends is kept by nobody', () => {
  it('who has said half of what he asks, and by nobody who does not hear the answer', async () => {
    const path = join(folder, 'x.sock')
    let asked = 0
    server.on('request', ({ method }, answer) => {
      asked++
      // More than the kernel keeps for somebody.
      if (method === 'GET') answer.end(Buffer.alloc(1 << 24))
    })
    await listen(server, path)
    const half = connect(path, () => half.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf')).on('error', () => {})
    const deaf = request({ socketPath: path }).on('error', () => {})
    deaf.end()
    await expect.poll(() => asked).toBe(2)
    await dismiss(server, 50)
    expect(server.listening).toBe(false)
    half.destroy()
    deaf.destroy()
  })

  it('but who has just come, and has asked nothing yet, is heard', async () => {
    const path = join(folder, 'x.sock')
    server.on('request', (_, answer) => answer.end('heard'))
    await listen(server, path)
    const early = connect(path)
    await once(server, 'connection')
    const ended = dismiss(server, undefined, 10_000)
    await expect.poll(() => server.listening, { interval: 1 }).toBe(false)
    early.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    expect(String(await early.toArray())).toContain('heard')
    await ended
  })

  it('but waits for its own answers, however long they take', async () => {
    const path = join(folder, 'x.sock')
    let answer = () => {}
    server.on('request', (_, reply) => {
      answer = () => reply.end('done')
    })
    await listen(server, path)
    const asked = request({ socketPath: path })
    const heard = new Promise((resolve) => asked.once('response', (reply) => resolve(reply.toArray().then(String))))
    asked.end()
    await once(server, 'request')
    const ended = dismiss(server, 10)
    await new Promise((resolve) => setTimeout(resolve, 200))
    answer()
    expect(await heard).toBe('done')
    await ended
  })

  it('by TLS: who has shown no certificate', async () => {
    using authority = new Authority()
    const secret = createTlsServer(certificatesIn(authority.issue('own').folder))
    await listenAt(secret, { host: '127.0.0.1', port: 0 })
    const came = once(secret, 'connection')
    const silent = connect((secret.address() as AddressInfo).port, '127.0.0.1').on('error', () => {})
    await came
    await dismiss(secret)
    silent.destroy()
  })
})
