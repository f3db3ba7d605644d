import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** The first descriptor that a service manager passes on, sd_listen_fds(3). */
const FIRST = 3

/** A unix socket that listens already, passed on by who started this process (LISTEN_FDS): what was asked while nobody served waits in it. */
interface Passed {
  readonly fd: number
  readonly path: string
}

/** The descriptor of the socket at `path`; undefined where none was passed on. */
export const passedAt = (path: string, env?: NodeJS.ProcessEnv): number | undefined => passed(env).find((each) => each.path === path)?.fd

/** Where sockets are that were passed on, and are none of `served`. */
export const unserved = (served: readonly string[], env?: NodeJS.ProcessEnv): readonly string[] =>
  passed(env)
    .map(({ path }) => path)
    .filter((path) => !served.includes(path))

function passed({ LISTEN_PID: pid, LISTEN_FDS: count }: NodeJS.ProcessEnv = process.env): readonly Passed[] {
  if (Number(pid) !== process.pid) return []
  const places = placesOfListeners()
  // Of the descriptors that there are: nobody has checked the number.
  return readdirSync('/proc/self/fd').flatMap((name) => {
    const fd = Number(name)
    const path = fd >= FIRST && fd < FIRST + Number(count) ? places.get(inodeOf(fd)) : undefined
    return path === undefined ? [] : [{ fd, path }]
  })
}

/**
 * By inode, of '/proc/net/unix': Num RefCount Protocol Flags Type St Inode Path. Connections have the path of the socket that took
 * them, and sockets of other types cannot serve: the flag is SO_ACCEPTCON, the type SOCK_STREAM.
 */
function placesOfListeners(): ReadonlyMap<string, string> {
  const lines = readFileSync('/proc/self/net/unix', 'utf8').split('\n')
  return new Map(
    lines.flatMap((line): [string, string][] => {
      const [, inode, path] = /^(?:\S+ +){3}00010000 +0001 +\S+ +(\d+) (.+)$/.exec(line) ?? []
      return inode !== undefined && path !== undefined ? [[inode, path]] : []
    }),
  )
}

/** '' for what is no socket, or not open. */
function inodeOf(fd: number): string {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1] ?? ''
  } catch {
    return ''
  }
}
