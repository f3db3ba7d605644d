import { chmodSync, chownSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, unlinkSync } from 'node:fs'
import type { Server } from 'node:http'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import { isMainThread } from 'node:worker_threads'
import { fault } from '../model/errors.ts'
import { atTheEnd, receive } from './guests.ts'
import { passedAt } from './passed.ts'

/** What sockaddr_un has room for, without the closing zero byte. Ours have one byte more at first. */
const LONGEST = 107

/**
 * Listens on a unix socket that only its owner may use, and `group` where one is named, or on the one that was passed on to this
 * process. One that a killed process left behind is replaced; throws SOCKET_IN_USE or SOCKET_FOREIGN where the place is taken,
 * HOST_UNUSABLE where there is none.
 */
export async function listen(server: Server, path: string, group?: string): Promise<void> {
  const fd = passedAt(path)
  if (fd !== undefined) return listenAt(server, { fd })
  // Node.js deletes, at the end, whatever is where the server was bound: nobody else comes by this name.
  const bound = `${path}~`
  if (Buffer.byteLength(bound) > LONGEST) throw fault('SOCKET_LONG', { path })
  const gid = group === undefined ? undefined : groupId(group)
  const host = `unix://${path}`
  await usable(host, () => mkdirSync(dirname(path), { recursive: true, mode: 0o755 }))
  for (const place of [path, bound]) await makeRoom(place)
  await usable(host, () => privately(() => listenAt(server, { path: bound })))
  if (gid !== undefined) await usable(host, () => chownSync(bound, -1, gid))
  chmodSync(bound, gid === undefined ? 0o600 : 0o660)
  renameSync(bound, path)
  const { ino } = lstatSync(path)
  atTheEnd(server, () => lstatSync(path, { throwIfNoEntry: false })?.ino === ino && unlinkSync(path))
}

/** A socket is there for everybody whom the umask does not keep out, until its mode is set. Threads have none of their own. */
function privately<T>(begin: () => T): T {
  if (!isMainThread) return begin()
  const before = process.umask(0o177)
  try {
    return begin()
  } finally {
    process.umask(before)
  }
}

/** The same anywhere, and for anybody; dismiss() ends it. */
export const listenAt = (
  server: Server,
  place: { readonly path: string } | { readonly fd: number } | { readonly host: string; readonly port: number },
): Promise<void> =>
  new Promise<void>((resolve, reject) => {
    receive(server)
    server.once('error', reject)
    server.listen(place, () => {
      server.off('error', reject)
      resolve()
    })
  })

/** Work that the system may refuse: then HOST_UNUSABLE, and why. */
export async function usable<T>(host: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw fault('HOST_UNUSABLE', { host, reason: (error as Error).message }, error)
  }
}

/** The last number is that of no group. */
const GROUPS = 2 ** 32 - 1

function groupId(name: string): number {
  if (/^\d+$/.test(name) && Number(name) < GROUPS) return Number(name)
  const line = readFileSync('/etc/group', 'utf8')
    .split('\n')
    .find((text) => text.startsWith(`${name}:`))
  if (line === undefined) throw fault('GROUP_NOT_FOUND', { name })
  return Number(line.split(':')[2])
}

async function makeRoom(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (!found) return
  if (!found.isSocket()) throw fault('SOCKET_FOREIGN', { path })
  if (!(await isLeft(path))) throw fault('SOCKET_IN_USE', { path })
  rmSync(path, { force: true })
}

/** Nobody is there any more. Whoever takes datagrams, or is too busy to let anybody in, refuses in other words. */
const isLeft = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path)
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'ECONNREFUSED' || code === 'ENOENT'))
    socket.once('connect', () => {
      socket.destroy()
      resolve(false)
    })
  })
