import type { Heard, LinkRef, PacketSocket } from '../../binding.d.ts'
import { addon } from './addon.ts'
import { newJob } from './kernel.ts'
import type { Netns } from './namespace.ts'

/** A voice and an ear on a link. */
export interface Wire {
  send(frame: Uint8Array): Promise<void>
  close(): void
}

/**
 * Opens a packet socket: `hear` gets each frame that arrives, of those that are to be `heard`; `lost` is called once, when the
 * link went down or away. Nobody waits for it: a process that has nothing else to do ends. Rejects with Error{errno}.
 */
export async function openWire(
  netns: Netns,
  link: LinkRef,
  heard: readonly Heard[],
  { hear, lost }: { readonly hear: (frame: Uint8Array) => void; readonly lost: (reason: Error) => void },
): Promise<Wire> {
  const socket = await addon().PacketSocket.open(netns, link, heard)
  const end = { job: 0, closed: false }
  void listen(socket, end, hear).catch((error) => {
    if (!end.closed) lost(error)
  })
  return {
    send: (frame) => socket.send(frame),
    close: () => {
      end.closed = true
      addon().cancel(end.job)
      socket.close()
    },
  }
}

async function listen(socket: PacketSocket, end: { job: number; closed: boolean }, hear: (frame: Uint8Array) => void): Promise<void> {
  while (!end.closed) {
    end.job = newJob()
    const frames = await socket.next(end.job)
    if (frames === null) return
    for (const frame of frames) if (!end.closed) hear(frame)
  }
}
