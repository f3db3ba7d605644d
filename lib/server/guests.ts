import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Server as NetServer, type Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { Server as TlsServer } from 'node:tls'

/** Who is connected to a server, and how many answers each waits for. */
const byServer = new WeakMap<Server, Map<Socket, number>>()

/** From now on it is known who is there. Before the server listens. */
export function receive(server: Server): void {
  const guests = new Map<Socket, number>()
  byServer.set(server, guests)
  server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', (socket: Socket) => {
    guests.set(socket, 0)
    socket.once('close', () => guests.delete(socket))
  })
  server.on('request', ({ socket }: IncomingMessage, answer: ServerResponse) => {
    guests.set(socket, (guests.get(socket) ?? 0) + 1)
    answer.once('close', () => {
      const left = (guests.get(socket) ?? 1) - 1
      if (guests.has(socket)) guests.set(socket, left)
      if (left === 0 && !server.listening) socket.end()
    })
  })
}

/**
 * Answers whoever has asked by now, and hears nobody who comes later. Not as Node.js does it: http.Server.close() cuts off whoever it
 * has not taken out of the kernel's queue, and those whose answer is long; who keeps a connection, or says nothing, keeps it waiting.
 */
export async function dismiss(server: Server): Promise<void> {
  await letIn(server)
  const closed = new Promise<void>((resolve) => {
    NetServer.prototype.close.call(server, () => resolve())
  })
  for (const [socket, answers] of byServer.get(server) ?? []) if (answers === 0) socket.destroy()
  await closed
  // It stops looking after connections.
  server.close()
}

/** So many wait in the kernel at most, unless listen() is told otherwise. */
const BACKLOG = 511

/** Of those who wait, Node.js takes one each time round its loop. */
async function letIn(server: Server): Promise<void> {
  let quiet = 0
  const count = () => {
    quiet = 0
  }
  server.on('connection', count)
  // In the round that is under way it may have looked before the last one came; in the one after that, what they ask is heard.
  for (let rounds = 0; quiet < 3 && rounds < BACKLOG; rounds++) {
    quiet++
    await setImmediate()
  }
  server.off('connection', count)
}
