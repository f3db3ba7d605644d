import { closeSync, type FSWatcher, fstatSync, mkdirSync, openSync, readSync, renameSync, watch, writeSync } from 'node:fs'
import { join } from 'node:path'
import { fault } from '../../model/errors.ts'
import type { Action, NetworkEvent } from '../../model/event.ts'
import type { Network, Options } from '../../model/network.ts'
import { Mismatch, object, optional, type Shape } from '../../model/shape.ts'
import { unwritable } from '../../store/file.ts'
import { argument } from '../arguments.ts'

export type Tell = (action: Action, network: Pick<Network, 'id' | 'name' | 'driver' | 'scope'> | null, attributes?: Options) => void

/** The newer half of what is remembered, and the older one. */
const newer = (run: string): string => join(run, 'events.jsonl')
const older = (run: string): string => join(run, 'events.old.jsonl')

/** Of each half, in bytes: some thousand events. */
const MOST = 1 << 20

/** Writes events to the run directory, where other processes read them. Only the directory's owner may. */
export class EventLog {
  readonly #run: string
  #fd: number | undefined

  constructor(run: string) {
    this.#run = run
  }

  readonly tell: Tell = (action, network, attributes = {}) => {
    const facts = network ? { name: network.name, type: network.driver } : {}
    const { id, scope } = network ?? { id: '', scope: 'local' as const }
    const event: NetworkEvent = { action, id, scope, attributes: { ...attributes, ...facts }, time: now() }
    try {
      writeSync(this.#file(), `${JSON.stringify(event)}\n`)
    } catch {
      // What is told has been done and recorded: a disk that is full must not make a failure of it.
      this.close()
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }

  /** Open already, unless it is full or was deleted. */
  #file(): number {
    const path = newer(this.#run)
    this.#fd ??= openSync(path, 'a', 0o600)
    const { size, nlink } = fstatSync(this.#fd)
    if (size <= MOST && nlink > 0) return this.#fd
    this.close()
    if (nlink > 0) renameSync(path, older(this.#run))
    this.#fd = openSync(path, 'a', 0o600)
    return this.#fd
  }
}

let last = 0

/** Microseconds since 1970. No two events of a process have the same, and time does not go backwards. */
function now(): number {
  last = Math.max(last + 1, Date.now() * 1000)
  return last
}

export interface Period {
  /** Milliseconds since 1970; absent: from now on. */
  readonly since?: number
  /** Milliseconds since 1970; absent: until `signal`. */
  readonly until?: number
  readonly signal?: AbortSignal
}

/**
 * What is told of the networks of a run directory, by whichever process. Ends with the period, by return(), also while a next()
 * waits, and rejects with the signal's reason, or EVENTS_UNHEARD. Throws INVALID_ARGUMENT, STATE_UNWRITABLE.
 */
export function eventsOf(run: string, period: Period = {}): AsyncGenerator<NetworkEvent> {
  const { since = Number.POSITIVE_INFINITY, until } = argument(times, period, 'period')
  const reader = new Reader(run)
  inDirectory(run, () => mkdirSync(run, { recursive: true, mode: 0o700 }))
  const past = reader.read().filter(({ time }) => time / 1000 >= since)
  const bell = new Bell()
  const { signal } = period
  const events = told(run, past, reader, bell, { ...(until === undefined ? {} : { until }), ...(signal ? { signal } : {}) })
  const leave = events.return.bind(events)
  return Object.assign(events, {
    return: (value: unknown) => {
      bell.leave()
      return leave(value)
    },
  })
}

function inDirectory<T>(run: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw unwritable(run, error)
  }
}

/** With one that is no number there is no end: nothing is before it, and nothing behind. */
const moment: Shape<number> = (value, at) => {
  if (typeof value === 'number' && !Number.isNaN(value)) return value
  throw new Mismatch(`${at} should be milliseconds since 1970, a number`)
}

const times = object<Pick<Period, 'since' | 'until'>>({ since: optional(moment), until: optional(moment) })

/** What has been, and then all that is told from now on, whatever its moment: who tells it may have had his clock set back. */
async function* told(
  run: string,
  past: readonly NetworkEvent[],
  reader: Reader,
  bell: Bell,
  { until, signal }: Omit<Period, 'since'>,
): AsyncGenerator<NetworkEvent> {
  // What is over by now is on disk. Else all readers of a process share one watch, and one instance, of inotify.
  const watcher = until !== undefined && Date.now() >= until ? undefined : listen(run, bell)
  const stop = () => bell.ring()
  signal?.addEventListener('abort', stop)
  const inTime = ({ time }: NetworkEvent) => until === undefined || Math.floor(time / 1000) <= until
  try {
    signal?.throwIfAborted()
    yield* past.filter(inTime)
    for (;;) {
      signal?.throwIfAborted()
      const over = until !== undefined && Date.now() >= until
      yield* reader.read().filter(inTime)
      if (over) return
      await bell.rung(until)
      if (bell.left) return
    }
  } finally {
    signal?.removeEventListener('abort', stop)
    watcher?.close()
  }
}

/** Throws EVENTS_UNHEARD. */
function listen(run: string, bell: Bell): FSWatcher {
  const unheard = (error: Error) => fault('EVENTS_UNHEARD', { run, reason: error.message }, error)
  try {
    return watch(run, () => bell.ring()).on('error', (error) => bell.fail(unheard(error)))
  } catch (error) {
    throw unheard(error as Error)
  }
}

/** A timer counts its ms in 31 bits. */
const LONGEST = 2 ** 31 - 1

/** Rung while nobody waits, the next one does not wait. */
class Bell {
  #rung = false
  #left = false
  #failure: Error | undefined
  #wake = (): void => {}

  /** Nobody waits for it any more. */
  get left(): boolean {
    return this.#left
  }

  leave(): void {
    this.#left = true
    this.ring()
  }

  /** Nobody rings it any more. */
  fail(failure: Error): void {
    this.#failure = failure
    this.ring()
  }

  ring(): void {
    this.#rung = true
    this.#wake()
  }

  /** Or it is `until`, in ms since 1970, or may be: the clock can be set meanwhile, and who waits asks again. */
  async rung(until: number | undefined): Promise<void> {
    const alarm = until === undefined ? undefined : setTimeout(() => this.ring(), Math.min(Math.max(1, until - Date.now()), LONGEST))
    if (!this.#rung) await new Promise<void>((resolve) => (this.#wake = resolve))
    clearTimeout(alarm)
    this.#rung = false
    if (this.#failure) throw this.#failure
  }
}

/** Reads on where it left off, also when the halves have changed places in between. */
class Reader {
  readonly #run: string
  #inode = 0
  #offset = 0

  constructor(run: string) {
    this.#run = run
  }

  /** What has been told since the last time. Throws STATE_UNWRITABLE. */
  read(): readonly NetworkEvent[] {
    const files = inDirectory(this.#run, () => [older(this.#run), newer(this.#run)].flatMap((path) => openIfThere(path)))
    try {
      const inodes = files.map((fd) => fstatSync(fd).ino)
      const known = inodes.indexOf(this.#inode)
      return files.slice(Math.max(known, 0)).flatMap((fd, index) => this.#rest(fd, inodes[Math.max(known, 0) + index] ?? 0))
    } finally {
      for (const fd of files) closeSync(fd)
    }
  }

  #rest(fd: number, inode: number): readonly NetworkEvent[] {
    if (inode !== this.#inode) this.#offset = 0
    this.#inode = inode
    const bytes = Buffer.alloc(Math.max(0, fstatSync(fd).size - this.#offset))
    const text = bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, this.#offset))
    const whole = text.subarray(0, text.lastIndexOf('\n') + 1)
    this.#offset += whole.length
    return whole.toString().split('\n').flatMap(parse)
  }
}

function openIfThere(path: string): readonly number[] {
  try {
    return [openSync(path, 'r')]
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** A line that was cut off, when its writer was killed, is none. */
function parse(line: string): readonly NetworkEvent[] {
  try {
    return [JSON.parse(line)]
  } catch {
    return []
  }
}
