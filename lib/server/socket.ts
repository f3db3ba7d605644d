import { chmodSync, lstatSync, mkdirSync, unlinkSync } from 'node:fs'
import type { Server } from 'node:http'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import { fault } from '../model/errors.ts'
import { passedAt } from './passed.ts'

/**
 * Listens on a unix socket that only its owner may use, or on the one that was passed on to this process. One that a killed process
 * left behind is replaced; throws SOCKET_IN_USE or SOCKET_FOREIGN where the place is taken.
 */
export async function listen(server: Server, path: string): Promise<void> {
  const fd = passedAt(path)
  if (fd !== undefined) return begin(server, { fd })
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
  await makeRoom(path)
  await begin(server, { path })
  chmodSync(path, 0o600)
}

const begin = (server: Server, place: { readonly path: string } | { readonly fd: number }): Promise<void> =>
  new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(place, () => {
      server.off('error', reject)
      resolve()
    })
  })

async function makeRoom(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (!found) return
  if (!found.isSocket()) throw fault('SOCKET_FOREIGN', { path })
  if (await answers(path)) throw fault('SOCKET_IN_USE', { path })
  unlinkSync(path)
}

const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })

/** Ends what still runs, answers nobody new; the socket goes with it. */
export const hangUp = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
  })
