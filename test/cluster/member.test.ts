import { createServer as createHttp } from 'node:http'
import { createServer as createHttp2, type Http2Server, type ServerHttp2Stream } from 'node:http2'
import { createServer as createTcp, type Server, Socket } from 'node:net'
import { afterEach, expect, it, vi } from 'vitest'
import { Declined, EtcdMember, Unanswered } from '../../lib/cluster/etcd/member.ts'
import { encode } from '../../lib/cluster/etcd/protobuf.ts'

// What is said to one member of etcd, and what becomes of it when there is something else, or nobody.

const ended: (() => void)[] = []
afterEach(() => {
  for (const end of ended.splice(0)) end()
})

async function memberAt(server: Server | Http2Server): Promise<EtcdMember> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const member = new EtcdMember({ host: '127.0.0.1', port: typeof address === 'object' ? (address?.port ?? 0) : 0 }, undefined)
  ended.push(
    () => member.cut(),
    () => server.close(),
  )
  return member
}

const QUESTION = encode([[1, 'key']])
const GRPC = { ':status': 200, 'content-type': 'application/grpc+proto' }
const framed = (message: Uint8Array) => Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message])

/** Answers each call in this way. */
const answering = (answer: (stream: ServerHttp2Stream) => void) => {
  const server = createHttp2()
  server.on('stream', (stream) => {
    stream.on('error', () => {})
    answer(stream)
  })
  return memberAt(server)
}

/** With a message, in pieces, and a status. */
const with_ = (pieces: readonly Uint8Array[], status: string) =>
  answering((stream) => {
    stream.respond(GRPC, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status, 'grpc-message': 'etcdserver: no%20luck' }))
    for (const piece of pieces) stream.write(piece)
    stream.end()
  })

const ask = (member: EtcdMember, patience = 2000, signal?: AbortSignal) => member.ask('KV/Range', QUESTION, patience, signal)

it('an answer is put together, whatever pieces it comes in', async () => {
  const answer = framed(encode([[1, 'x'.repeat(100)]]))
  const member = await with_([answer.subarray(0, 3), answer.subarray(3, 60), answer.subarray(60)], '0')
  expect((await ask(member)).text(1)).toBe('x'.repeat(100))
})

it('a refusal has its code and its words', async () => {
  const member = await with_([], '5')
  await expect(ask(member)).rejects.toMatchObject({ name: 'Declined', code: 5, message: 'etcdserver: no luck' })
})

it('what has no answer, no end, or is no gRPC at all, is told apart', async () => {
  await expect(ask(await with_([], '0'))).rejects.toBeInstanceOf(Declined)
  const page = await answering((stream) => {
    stream.respond({ ':status': 404, 'content-type': 'text/html' })
    stream.end('<html>')
  })
  await expect(ask(page)).rejects.toMatchObject({ name: 'Declined', message: 'this is not etcd: HTTP 404, text/html' })
  const cut = await answering((stream) => {
    stream.respond(GRPC)
    stream.end(framed(encode([[1, 'x']])))
  })
  await expect(ask(cut)).rejects.toMatchObject({ name: 'Unanswered', heard: true, message: 'it has hung up' })
  await expect(ask(await with_([framed(Buffer.from([0xff]))], '0'))).rejects.toMatchObject({ name: 'EngineRefused' })
  await expect(ask(await memberAt(createHttp((_, reply) => reply.end('hello'))))).rejects.toBeInstanceOf(Unanswered)
})

it('nobody is waited for any longer than it takes', async () => {
  const silent = await memberAt(createTcp(() => {}))
  await expect(ask(silent, 100)).rejects.toMatchObject({ name: 'Unanswered', heard: true, message: 'no answer in 0.1 s' })
  const off = new AbortController()
  const asking = ask(silent, 60_000, off.signal)
  off.abort(new Error('called off'))
  await expect(asking).rejects.toThrow('called off')
  await expect(ask(silent, 60_000, off.signal)).rejects.toThrow('called off')
  const nobody = new EtcdMember({ host: '127.0.0.1', port: 1 }, undefined)
  await expect(ask(nobody)).rejects.toMatchObject({
    name: 'Unanswered',
    heard: false,
    hopeless: false,
    message: 'ECONNREFUSED 127.0.0.1:1',
  })
})

it('who listens hears each message, that the other one has hung up, and that it was left', async () => {
  const member = await answering((stream) => {
    stream.respond(GRPC)
    for (const text of ['one', 'two']) stream.write(framed(encode([[1, text]])))
  })
  const heard: string[] = []
  const listening = (async () => {
    for await (const message of member.listen('Watch/Watch', QUESTION, new AbortController().signal)) {
      heard.push(message.text(1))
      if (heard.length === 2) member.cut()
    }
  })()
  await expect(listening).rejects.toMatchObject({ name: 'Unanswered', message: 'it was left for another' })
  expect(heard).toEqual(['one', 'two'])
  const gone = await answering((stream) => stream.destroy())
  await expect(gone.listen('Watch/Watch', QUESTION, new AbortController().signal).next()).rejects.toBeInstanceOf(Unanswered)
})

it('a member that was left, or was gone, is asked by a new connection', async () => {
  let connections = 0
  const server = createHttp2().on('session', (session) => {
    if (connections++ === 1) session.destroy()
  })
  server.on('stream', (stream) => {
    stream.on('error', () => {})
    stream.respond(GRPC, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    stream.end(framed(encode([[1, 'x']])))
  })
  const member = await memberAt(server)
  await ask(member)
  await ask(member)
  expect(connections).toBe(1)
  member.cut()
  await expect(ask(member)).rejects.toBeInstanceOf(Unanswered)
  expect((await ask(member)).text(1)).toBe('x')
  expect(connections).toBe(3)
})

it('a member that is left in the moment in which it is reached is left', async () => {
  const member = await with_([framed(encode([[1, 'x']]))], '0')
  const { emit } = Socket.prototype
  let cuts = 0
  const spy = vi.spyOn(Socket.prototype, 'emit').mockImplementation(function (this: Socket, name: string | symbol, ...args: unknown[]) {
    const heard = emit.apply(this, [name, ...args] as never)
    if (name === 'connect' && cuts++ === 0) member.cut()
    return heard
  })
  ended.push(() => spy.mockRestore())
  await expect(ask(member)).rejects.toBeInstanceOf(Unanswered)
  expect(cuts).toBe(1)
  expect((await ask(member)).text(1)).toBe('x')
})
