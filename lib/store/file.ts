import { closeSync, fstatSync, openSync, readSync, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { getSystemErrorName } from 'node:util'
import type { RootDatabase } from 'lmdb'
import { CnmError, fault } from '../model/errors.ts'
import { isWhole } from './extent.ts'
import { lmdb } from './lmdb.ts'
import { Reserve } from './reserve.ts'

/** Of the records in a file. Raised when a reader of the old one would misunderstand the new one. */
const FORMAT = 1

/** Where LMDB's first page says what it is. */
const MAGIC = { offset: 24, value: 0xbeefc0de }
const SMALLEST = 8_192

/** More than a transaction writes. Putting leaves this much, so that there is always room to delete. */
const ROOM = 262_144

/** Of this, a transaction that only deletes needs much less. */
const ROOM_TO_DELETE = 65_536

/** So many bytes are written with each that is put: a long entry of the journal tells of many records, each on a page of its own. */
const PER_BYTE = 16

/** One LMDB file of text under text keys, and the errors it has. */
export class StateFile {
  readonly path: string
  /** The file that was opened, whatever has its name by now. */
  readonly #inode: bigint | undefined
  readonly #db: RootDatabase<string, string>
  readonly #reserve: Reserve
  /** What the transaction under way writes, by key; null deletes. */
  #pending: Map<string, string | null> | undefined
  /** The same of what nobody waits for. */
  readonly #idle = new Map<string, string | null>()
  #aborts = 0
  #hasRoom = false

  private constructor(path: string, db: RootDatabase<string, string>) {
    this.path = path
    this.#inode = inodeOf(path)
    this.#db = db
    this.#reserve = new Reserve(`${path}-reserve`)
  }

  /**
   * `durable`: what is written is on the disk before the call returns. Throws STORE_MISSING, STATE_UNWRITABLE, STATE_VERSION,
   * STATE_BROKEN.
   */
  static async open(path: string, { durable }: { readonly durable: boolean }): Promise<StateFile> {
    const { open } = await lmdb()
    let file: StateFile
    try {
      checkFile(path)
      // Without overlappingSync a transaction that has returned is on the disk.
      file = new StateFile(path, open({ path, noSubdir: true, encoding: 'string', overlappingSync: false, noSync: !durable }))
    } catch (error) {
      throw unwritable(path, error)
    }
    try {
      file.#guard(() => file.#checkFormat())
    } catch (error) {
      await file.close()
      throw error
    }
    return file
  }

  /** Rises with each transaction that was aborted: whoever remembers what was written in it has to look again. */
  get aborts(): number {
    return this.#aborts
  }

  read(prefix: string): readonly { readonly key: string; readonly value: string }[] {
    this.#writeIdle()
    return this.#guard(() => Array.from(this.#db.getRange({ start: prefix, end: `${prefix}\uffff` })))
  }

  /** Throws STATE_GONE where somebody has taken the file away: what is written to it then, nobody reads again. */
  checkThere(): void {
    if (inodeOf(this.path) !== this.#inode) throw fault('STATE_GONE', { path: this.path })
  }

  put(key: string, value: string): void {
    this.#take(key, value)
  }

  delete(key: string): void {
    this.#take(key, null)
  }

  /** Written together with whatever is written next, or when the process has nothing else to do; lost if it is killed before. */
  putIdly(key: string, value: string | null): void {
    if (this.#idle.size === 0) setImmediate(() => this.#writeIdle())
    this.#idle.set(key, value)
  }

  /** All that `work` writes to this file, or nothing if it throws; read() shows it afterwards only. One inside another is part of it. */
  transact<T>(work: () => T): T {
    if (this.#pending) return work()
    const pending = new Map<string, string | null>()
    this.#pending = pending
    try {
      const result = work()
      this.#write(pending)
      return result
    } catch (error) {
      this.#aborts++
      throw error
    } finally {
      this.#pending = undefined
      this.#hasRoom = false
      this.#takeBack()
    }
  }

  /** The transaction under way is going to write something. */
  get isWriting(): boolean {
    return (this.#pending?.size ?? 0) > 0
  }

  /**
   * Throws STATE_UNWRITABLE where there is no room for the transaction under way; else there is, though another file is written
   * first that may be in the same place.
   */
  takeRoom(): void {
    this.checkThere()
    const pending = this.#pending ?? new Map()
    if (needOf(pending) > this.#freeFor(pending)) throw full(this.path)
    this.#hasRoom = true
  }

  async close(): Promise<void> {
    this.#writeIdle()
    await this.#db.close()
  }

  #take(key: string, value: string | null): void {
    if (this.#pending) this.#pending.set(key, value)
    else {
      this.#write(new Map([[key, value]]))
      this.#takeBack()
    }
  }

  #takeBack(): void {
    this.#reserve.takeBack(() => freeOn(this.path))
  }

  #writeIdle(): void {
    try {
      this.#write(new Map())
    } catch {
      // A disk that is full.
    }
  }

  /** LMDB takes a lock, and a page or two, for a transaction: none for nothing, one for whatever there is. */
  #write(entries: ReadonlyMap<string, string | null>): void {
    if (this.#idle.size + entries.size === 0) return
    this.checkThere()
    const [needed, idly] = [needOf(entries), needOf(this.#idle)]
    const free = this.#freeFor(entries)
    if (needed > free && !this.#hasRoom) throw full(this.path)
    const all = needed + idly > free ? [...entries] : [...this.#idle, ...entries]
    this.#guard(() =>
      this.#db.transactionSync(() => {
        for (const [key, value] of all) {
          if (value === null) this.#db.removeSync(key)
          else this.#db.putSync(key, value)
        }
      }),
    )
    for (const [key] of all) this.#idle.delete(key)
  }

  /** How many bytes are free. What takes something away has the reserve, if need be. */
  #freeFor(entries: ReadonlyMap<string, string | null>): number {
    const free = freeOn(this.path)
    this.#reserve.keep(free)
    if (free >= Math.max(ROOM_TO_DELETE, needOf(entries)) || !this.#takesAway(entries)) return free
    this.#reserve.lend()
    return freeOn(this.path)
  }

  /** Something is deleted, or there is less of it. */
  #takesAway(entries: ReadonlyMap<string, string | null>): boolean {
    return this.#guard(() => [...entries].some(([key, value]) => value === null || value.length < (this.#db.get(key)?.length ?? 0)))
  }

  broken(key: string, reason: string): CnmError {
    return fault('STATE_BROKEN', { key, file: this.path, reason })
  }

  #guard<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw unwritable(this.path, error)
    }
  }

  #checkFormat(): void {
    const text = this.#db.get('format')
    if (text === undefined) {
      if (this.#db.getKeysCount({ limit: 1 }) > 0) throw this.broken('format', 'it is missing')
      this.put('format', String(FORMAT))
      return
    }
    const found = Number(text)
    if (!Number.isSafeInteger(found)) throw this.broken('format', `it should be a whole number, it is ${text}`)
    if (found > FORMAT) throw fault('STATE_VERSION', { file: this.path, found, known: FORMAT })
  }
}

/** What LMDB says of a file in which something else was written. */
const DAMAGE = { MDB_PAGE_NOTFOUND: -30797, MDB_CORRUPTED: -30796, MDB_PANIC: -30795, MDB_VERSION_MISMATCH: -30794, MDB_INVALID: -30793 }

/** What the system said of `path`, as an error of ours. Anything else that was thrown comes back as it is. */
export function unwritable(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof CnmError || !('code' in error)) return error
  const { code, message } = error
  const [nature] = Object.entries(DAMAGE).find(([, number]) => number === code) ?? []
  if (nature) return fault('STATE_BROKEN', { key: 'tree', file: path, reason: message.split('\n').at(-1) ?? nature }, error)
  const words = message.split(', ')[0] ?? message
  // Node has the name in its message already; LMDB has a positive errno, or a negative number of its own.
  const reason = typeof code === 'number' && code > 0 ? `${getSystemErrorName(-code)}: ${words}` : words
  return fault('STATE_UNWRITABLE', { path, reason }, error)
}

/** LMDB ends the process when it opens a file that is not its own, or not all of it. */
function checkFile(path: string): void {
  const fd = openSync(path, 'a+', 0o600)
  try {
    const { size } = fstatSync(fd)
    if (size === 0) {
      if (freeOn(path) < ROOM) throw full(path)
      return
    }
    const header = Buffer.alloc(MAGIC.offset + 4)
    readSync(fd, header, 0, header.length, 0)
    if (size < SMALLEST || header.readUInt32LE(MAGIC.offset) !== MAGIC.value)
      throw fault('STATE_BROKEN', { key: 'header', file: path, reason: 'this is not an LMDB file' })
    if (!isWhole(fd)) throw fault('STATE_BROKEN', { key: 'header', file: path, reason: `it was cut off at ${size} bytes` })
  } finally {
    closeSync(fd)
  }
}

/** Bytes; a file system without a limit (ramfs) has no blocks to count. */
function freeOn(path: string): number {
  const { blocks, bavail, bsize } = statfsSync(dirname(path))
  return blocks > 0 ? bavail * bsize : Number.POSITIVE_INFINITY
}

/** lmdb 3.5 writes past a buffer of its own when a disk is full (mdb_page_flush), so it must not come to that. */
function needOf(entries: ReadonlyMap<string, string | null>): number {
  let size = 0
  for (const value of entries.values()) size += value?.length ?? 0
  return size === 0 ? 0 : ROOM + PER_BYTE * size
}

/** undefined where there is nothing. */
const inodeOf = (path: string): bigint | undefined => statSync(path, { bigint: true, throwIfNoEntry: false })?.ino

const full = (path: string) => fault('STATE_UNWRITABLE', { path, reason: 'ENOSPC: no space left on device' })
