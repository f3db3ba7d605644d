import { closeSync, fstatSync, openSync, readSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { getSystemErrorName } from 'node:util'
import type { RootDatabase } from 'lmdb'
import { CnmError, fault } from '../model/errors.ts'
import { isWhole } from './extent.ts'
import { lmdb } from './lmdb.ts'

/** Of the records in a file. Raised when a reader of the old one would misunderstand the new one. */
const FORMAT = 1

/** Where LMDB's first page says what it is. */
const MAGIC = { offset: 24, value: 0xbeefc0de }
const SMALLEST = 8_192

/** More than a transaction writes. Putting leaves this much, so that there is always room to delete. */
const ROOM = 262_144

/** So many bytes are written with each that is put: a long entry of the journal tells of many records, each on a page of its own. */
const PER_BYTE = 16

/** One LMDB file of text under text keys, and the errors it has. */
export class StateFile {
  readonly path: string
  readonly #db: RootDatabase<string, string>
  #aborts = 0

  private constructor(path: string, db: RootDatabase<string, string>) {
    this.path = path
    this.#db = db
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
      file.#checkFormat()
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
    return Array.from(this.#db.getRange({ start: prefix, end: `${prefix}\uffff` }))
  }

  put(key: string, value: string): void {
    checkRoom(this.path, ROOM + PER_BYTE * value.length)
    this.#guard(() => this.#db.putSync(key, value))
  }

  delete(key: string): void {
    this.#guard(() => this.#db.removeSync(key))
  }

  /** All that `work` writes to this file, or nothing if it throws. */
  transact<T>(work: () => T): T {
    try {
      return this.#guard(() => this.#db.transactionSync(work))
    } catch (error) {
      this.#aborts++
      throw error
    }
  }

  async close(): Promise<void> {
    await this.#db.close()
  }

  broken(key: string, reason: string): CnmError {
    return fault('STATE_BROKEN', { key, file: this.path, reason })
  }

  #guard<T>(write: () => T): T {
    try {
      return write()
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

/** What the system said of `path`, as an error of ours. Anything else that was thrown comes back as it is. */
export function unwritable(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof CnmError || !('code' in error)) return error
  const { code, message } = error
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
      checkRoom(path, ROOM)
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

/** lmdb 3.5 writes past a buffer of its own when a disk is full (mdb_page_flush), so it must not come to that. */
function checkRoom(path: string, needed: number): void {
  const { blocks, bavail, bsize } = statfsSync(dirname(path))
  // A file system without a limit (ramfs) has no blocks to count.
  if (blocks > 0 && bavail * bsize < needed) throw fault('STATE_UNWRITABLE', { path, reason: 'ENOSPC: no space left on device' })
}
