import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { listeners, ownerOfSocket } from '../../../../lib/controller/ports/sockets.ts'

const open: { close(): unknown }[] = []
afterEach(() => open.splice(0).forEach((each) => each.close()))

it.each(['127.0.0.1', '::1', '::'])('tcp on %s is found where this process is, with its owner', async (address) => {
  const server = createServer()
  open.push(server)
  await once(server.listen(0, address), 'listening')
  const { port } = server.address() as AddressInfo
  const [found] = (await listeners('', ['tcp'])).filter((each) => each.port === port)
  expect(found).toMatchObject({ protocol: 'tcp', address, port })
  expect(ownerOfSocket(found?.inode ?? '')).toMatch(new RegExp(`^process .+ \\(${process.pid}\\)$`))
})

it('udp is found when it is asked for, and not otherwise', async () => {
  const socket = createSocket('udp4')
  open.push(socket)
  await once(socket.bind(0, '127.0.0.1'), 'listening')
  const { port } = socket.address()
  const found = async (...protocols: ('tcp' | 'udp' | 'sctp')[]) =>
    (await listeners('', protocols)).some((each) => each.protocol === 'udp' && each.port === port)
  expect([await found('udp'), await found('tcp', 'sctp')]).toEqual([true, false])
})

it('a socket that nobody has is owned by nobody we see', () => {
  expect(ownerOfSocket('0')).toBe('a process outside of our view')
})
