import { closeSync, existsSync, ftruncateSync, openSync, readdirSync, readFileSync, readlinkSync, realpathSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fault } from '../model/errors.ts'

export interface LockOptions {
  /** flock(2), exclusive, without waiting: false when another open file has it. */
  readonly tryLock: (fd: number) => boolean
  /** How long to wait for the owner to end, in ms. */
  readonly wait: number
  readonly signal?: AbortSignal | undefined
}

const FIRST_PAUSE = 5
const LONGEST_PAUSE = 100

/**
 * Makes this process the owner of a directory until the answer is called. The kernel ends an ownership with its process,
 * so what counts is the lock; the pid in the file is only for messages. Throws STATE_LOCKED, or the signal's reason.
 */
export async function lockDirectory(directory: string, { tryLock, wait, signal }: LockOptions): Promise<() => void> {
  signal?.throwIfAborted()
  const path = join(directory, 'lock')
  // 'a+' makes the file where there is none, and leaves the owner's pid in it.
  const fd = openSync(path, 'a+', 0o600)
  try {
    const deadline = performance.now() + wait
    for (let pause = FIRST_PAUSE; !tryLock(fd); pause = Math.min(2 * pause, LONGEST_PAUSE)) {
      const left = deadline - performance.now()
      if (left <= 0) throw fault('STATE_LOCKED', { run: directory, holder: holderOf(path) })
      await pauseFor(Math.min(pause, left), signal)
    }
    ftruncateSync(fd)
    writeSync(fd, `${process.pid}\n`)
  } catch (error) {
    closeSync(fd)
    throw error
  }
  return () => closeSync(fd)
}

async function pauseFor(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(ms, undefined, signal ? { signal } : {}).catch((error) => {
    signal?.throwIfAborted()
    throw error
  })
}

function holderOf(path: string): string {
  const written = readFileSync(path, 'utf8').trim()
  // Of an owner that has ended, somebody may have got the open file.
  const pid = written === '' || existsSync(`/proc/${written}`) ? written : openedBy(path)
  return pid === '' ? '' : ` (process ${pid})`
}

/** The pid of a process that has a file open; '' when there is none that we may look at. */
function openedBy(path: string): string {
  const real = realpathSync(path)
  const others = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid)
  return others.find((pid) => descriptorsOf(pid).includes(real)) ?? ''
}

const descriptorsOf = (pid: string): readonly string[] =>
  orNothing(() => readdirSync(`/proc/${pid}/fd`)).flatMap((fd) => orNothing(() => [readlinkSync(`/proc/${pid}/fd/${fd}`)]))

/** Of a process that has ended, or is not ours to see; of a descriptor that was closed meanwhile. */
function orNothing(look: () => readonly string[]): readonly string[] {
  try {
    return look()
  } catch {
    return []
  }
}
