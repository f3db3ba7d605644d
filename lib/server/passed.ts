import { readFileSync, readlinkSync } from 'node:fs'

/** The first descriptor that a service manager passes on, sd_listen_fds(3). */
const FIRST = 3

/**
 * The descriptor of a unix socket that listens at `path` already, passed on by who started this process (LISTEN_FDS): what
 * was asked while nobody served waits in it. Undefined where there is none.
 */
export function passedAt(path: string, { LISTEN_PID: pid, LISTEN_FDS: count }: NodeJS.ProcessEnv = process.env): number | undefined {
  if (Number(pid) !== process.pid) return undefined
  const inodes = inodesAt(path)
  const passed = Array.from({ length: Number(count) || 0 }, (_, i) => FIRST + i)
  return passed.find((fd) => inodes.has(inodeOf(fd)))
}

/** Of '/proc/net/unix': the last two fields are the inode and the path. */
function inodesAt(path: string): ReadonlySet<string> {
  const lines = readFileSync('/proc/self/net/unix', 'utf8').split('\n')
  return new Set(
    lines.flatMap((line) => {
      const [, inode, bound] = /^(?:\S+ +){6}(\d+) (.+)$/.exec(line) ?? []
      return inode !== undefined && bound === path ? [inode] : []
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
