import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import Docker from 'dockerode'
import { describe, expect, it } from 'vitest'
import { serve } from '../../lib/server/daemon.ts'
import { Stage } from '../support/stage.ts'

const stage = new Stage()
const daemon = () => serve(stage.cnm, { release: '1.2.3', plugins: null })
const socket = () => join(stage.lab.run, 'cnm.sock')

/** What is answered to these bytes: its first line, and its body. */
async function send(text: string): Promise<readonly [status: string, said: unknown]> {
  const client = connect(socket())
  const told: Buffer[] = []
  // Whoever sends more than he may is cut off.
  client.on('error', () => {}).on('data', (part: Buffer) => told.push(part))
  client.write(text)
  await once(client, 'close')
  const [head = '', body = ''] = Buffer.concat(told).toString().split('\r\n\r\n', 2)
  return [head.split('\r\n')[0] ?? '', body === '' ? '' : JSON.parse(body)]
}

const CREATE = 'POST /networks/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n'

describe('what is no request', () => {
  it.each([
    ['another protocol', '\x16\x03\x01\x02\x00', 'Invalid method'],
    ['a method of nobody', 'FOO /networks HTTP/1.1\r\nHost: x\r\n\r\n', 'Invalid method'],
    ['a chunk that has no size', `${CREATE}Transfer-Encoding: chunked\r\n\r\nzz\r\n{"Name":"a"}`, 'Invalid character in chunk size'],
    ['a length that is none', `${CREATE}Content-Length: -1\r\n\r\n{"Name":"a"}`, 'Invalid character in Content-Length'],
    ['two lengths', `${CREATE}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, "Transfer-Encoding can't be present"],
  ])('is refused with the reason: %s', async (_, text, reason) => {
    await using __ = await daemon()
    const [status, said] = await send(text)
    expect(status).toBe('HTTP/1.1 400 Bad Request')
    expect(said).toMatchObject({ code: 'REQUEST_MALFORMED', message: expect.stringMatching(/^this is no request of HTTP: .+/) })
    expect(said).toMatchObject({ message: expect.stringContaining(reason) })
    expect(stage.cnm.networks().map(({ name }) => name)).not.toContain('a')
  })

  it('nor is what is longer than any', async () => {
    await using _ = await daemon()
    expect(await send(`GET /_ping HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(1 << 20)}\r\n\r\n`)).toEqual([
      'HTTP/1.1 431 Request Header Fields Too Large',
      expect.objectContaining({ code: 'REQUEST_LONG', message: 'the address and the headers of a request have more than 1048576 bytes' }),
    ])
    expect(await send(`${CREATE}Content-Length: 1048577\r\n\r\n{"Name":"a"`)).toEqual([
      'HTTP/1.1 413 Payload Too Large',
      expect.objectContaining({ code: 'REQUEST_LARGE', message: 'the body of a request has more than 1048576 bytes' }),
    ])
  })

  it('nor is a method that only the protocol knows', async () => {
    await using _ = await daemon()
    expect(await send('TRACE /networks HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')).toEqual([
      'HTTP/1.1 404 Not Found',
      expect.objectContaining({ code: 'PAGE_NOT_FOUND', message: 'page not found' }),
    ])
  })
})

it('a thousand ids may be looked for at a time, as at a dockerd', async () => {
  await using _ = await daemon()
  const docker = new Docker({ socketPath: socket() })
  const { id } = await docker.createNetwork({ Name: 'front' })
  const others = Array.from({ length: 1000 }, (__, index) => index.toString(16).padStart(64, 'f'))
  expect((await docker.listNetworks({ filters: { id: [...others, id] } })).map(({ Name }) => Name)).toEqual(['front'])
})
