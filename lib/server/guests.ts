import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Server as NetServer, type Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { Server as TlsServer } from 'node:tls'

/** What somebody has asked, and what he gets. */
interface Exchange {
  readonly request: IncomingMessage
  readonly answer: ServerResponse
}

interface Guests {
  /** Who is connected, with what is not over yet. */
  readonly known: Map<Socket, Set<Exchange>>
  /** Who of them has asked nothing yet. */
  readonly mute: Set<Socket>
  /** Who has not shown a certificate yet, by where he is. */
  readonly strangers: Map<string, Socket>
  /** What is done when nobody is to come any more. */
  readonly end: (() => unknown)[]
}

const nobody = (): Guests => ({ known: new Map(), mute: new Set(), strangers: new Map(), end: [] })

const byServer = new WeakMap<Server, Guests>()

const placeOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`

/** From now on it is known who is there. Before the server listens. */
export function receive(server: Server): void {
  const guests = nobody()
  const { known, mute, strangers } = guests
  byServer.set(server, guests)
  const welcome = (socket: Socket) => {
    strangers.delete(placeOf(socket))
    known.set(socket, new Set())
    mute.add(socket)
    socket.once('close', () => {
      known.delete(socket)
      mute.delete(socket)
    })
  }
  if (server instanceof TlsServer) {
    server.on('secureConnection', welcome).on('connection', (socket: Socket) => {
      const place = placeOf(socket)
      strangers.set(place, socket)
      socket.once('close', () => strangers.get(place) === socket && strangers.delete(place))
    })
  } else server.on('connection', welcome)
  server.on('request', (request: IncomingMessage, answer: ServerResponse) => {
    const { socket } = request
    const exchange = { request, answer }
    mute.delete(socket)
    known.get(socket)?.add(exchange)
    answer.once('close', () => {
      known.get(socket)?.delete(exchange)
      if (!known.get(socket)?.size && !server.listening) socket.end()
    })
  })
}

/** What dismiss() does when it closes the door. Of a server that receives. */
export const atTheEnd = (server: Server, work: () => unknown): void => void byServer.get(server)?.end.push(work)

/** How long whoever leaves with us may take to say what he asks, or to hear the answer, in ms. */
const PATIENCE = 5000
/** How long whoever has just come may take to begin, in ms: he asked nobody else, and nobody asks again for him. */
const HESITATION = 250

/**
 * Answers whoever is connected by now, and lets nobody in who comes later. Not as Node.js does it: http.Server.close() cuts off whoever it
 * has not taken out of the kernel's queue, and those whose answer is long; who keeps a connection, or says nothing, keeps it waiting.
 */
export async function dismiss(server: Server, patience = PATIENCE, hesitation = HESITATION): Promise<void> {
  await letIn(server)
  const { known, mute, strangers, end } = byServer.get(server) ?? nobody()
  for (const work of end.splice(0)) work()
  const closed = new Promise<void>((resolve) => {
    NetServer.prototype.close.call(server, () => resolve())
  })
  for (const stranger of strangers.values()) stranger.destroy()
  for (const [socket, exchanges] of known) if (exchanges.size === 0 && !mute.has(socket)) socket.destroy()
  const waiting = setTimeout(() => {
    for (const socket of mute) socket.destroy()
  }, hesitation)
  let slow: readonly Socket[] = []
  const cutting = setInterval(() => {
    for (const socket of slow.filter(isOnHim(known))) socket.destroy()
    slow = [...known.keys()].filter(isOnHim(known))
  }, patience)
  await closed
  clearTimeout(waiting)
  clearInterval(cutting)
  // It stops looking after connections.
  server.close()
}

/** Nothing is left to do here: he has not said all that he asks, or does not hear what he was answered. */
const isOnHim =
  (known: Guests['known']) =>
  (socket: Socket): boolean =>
    Array.from(known.get(socket) ?? []).every(({ request, answer }) => !request.complete || answer.writableEnded)

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
