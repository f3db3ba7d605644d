import { existsSync, readdirSync, readlinkSync, realpathSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Endpoint, Network, Sandbox } from '../model/network.ts'
import { anything } from '../model/shape.ts'
import { network } from '../model/shapes.ts'
import type { Membership } from '../model/swarm.ts'
import { forgetOtherBoots } from './boot.ts'
import { makeDirectory } from './directory.ts'
import { StateFile, unwritable } from './file.ts'
import { lockDirectory } from './lock.ts'
import {
  type Due,
  due,
  endpoint,
  type JournalEntry,
  journalEntry,
  type LentAddress,
  type LentPool,
  lentAddress,
  lentPool,
  membership,
  sandbox,
} from './records.ts'
import { type Row, Table } from './table.ts'

export type { Due, JournalEntry, LentAddress, LentPool } from './records.ts'
export type { Row } from './table.ts'

/** What the store needs of the system that Node does not offer. */
export interface Descriptor {
  /** flock(2), exclusive, without waiting: false when another open file has it. */
  tryLock(fd: number): boolean
  /** FD_CLOEXEC. */
  closeOnExec(fd: number): void
}

export interface StoreOptions {
  /** State directory: definitions, on disk when a call returns. */
  readonly root: string
  /** Run directory: what ends with the kernel's state, on a tmpfs or with the boot. Nothing waits for a disk. */
  readonly run: string
  readonly descriptor: Descriptor
  /** How long to wait for another owner to end, in ms. Default: 10,000. */
  readonly wait?: number
  readonly signal?: AbortSignal
}

/** Records by their id, in no particular order. */
export interface Records<T, P extends keyof T = never> {
  get(id: string): T | undefined
  list(): readonly T[]
  /** Those that share a property: with('networkId', id). It costs what they are, not what there is. */
  with(property: P, shared: T[P]): readonly T[]
  /** In place of the one with this id, if there is one. */
  put(record: T): void
  /** No error when there is none. */
  delete(id: string): void
}

/** Notes under keys of their writer's choice: any JSON, and bytes in it. */
export interface Marks {
  get(key: string): unknown
  /** Those whose key begins with `prefix`. */
  list(prefix?: string): readonly Row<unknown>[]
  put(key: string, value: unknown): void
  delete(key: string): void
  /** The same a moment later, together with what is written next: for what may be lost when the process is killed. */
  putIdly(key: string, value: unknown): void
  deleteIdly(key: string): void
}

export interface Journal {
  /** Answers with the key that crosses it out again. */
  add(entry: JournalEntry): string
  /** The oldest first. */
  list(): readonly Row<JournalEntry>[]
  delete(key: string): void
}

/**
 * What is true now. Everything is synchronous; reading costs no more than a Map. Records that were read are shared, and
 * frozen; what was put was copied. Reading throws STATE_BROKEN, writing STATE_UNWRITABLE and STATE_GONE.
 */
export interface Store {
  readonly networks: Records<Network, 'name'>
  /** What container engines have of our IPAM: definitions too, an engine asks for them once. */
  readonly lentPools: Records<LentPool>
  readonly lentAddresses: Records<LentAddress, 'pool'>
  /** Those that containers have: no container outlives a boot. */
  readonly lentForBoot: Records<LentAddress, 'pool'>
  /** What plugins have of ours: it outlives a boot in them, and they are told when the records no longer have it. */
  readonly dues: Records<Due>
  /** This host's place in a swarm: none, or one. */
  readonly memberships: Records<Membership>
  /** What a swarm without an engine keeps here. */
  readonly cluster: Marks
  /** By what others know this host. */
  readonly identity: Marks
  readonly sandboxes: Records<Sandbox, 'name'>
  readonly endpoints: Records<Endpoint, 'networkId' | 'sandboxId'>
  readonly marks: Marks
  readonly journal: Journal
  /**
   * All that `work` writes, or nothing when it throws; one inside another is part of it. Two directories cannot change in
   * one instant: networks are put before, and deleted after, everything else. Killed in between, there is a network without
   * links, which is the same as after a boot; never links without a network. So what `work` deletes of them is there until
   * the end.
   */
  transact<T>(work: () => T): T
  /** Throws STATE_GONE where somebody has taken a file of ours away. */
  checkThere(): void
  /** Gives the directories free. */
  close(): Promise<void>
}

/**
 * Opens both directories, makes them where they are missing, and becomes their owner. Throws STATE_LOCKED,
 * STATE_UNWRITABLE, STATE_VERSION, STATE_BROKEN, STORE_MISSING, or the signal's reason.
 */
export async function openStore({ root, run, descriptor, wait = 10_000, signal }: StoreOptions): Promise<Store> {
  const opened: (() => unknown)[] = []
  const close = async () => {
    for (const end of opened.splice(0).reverse()) await end()
  }
  try {
    for (const directory of new Set([resolve(run), resolve(root)]))
      opened.push(await own(directory, { tryLock: descriptor.tryLock, wait, signal }))
    beginIn(run)
    const state = await StateFile.open(join(root, 'networks.mdb'), { durable: true })
    opened.push(() => state.close())
    const live = await StateFile.open(join(run, LIVE), { durable: false })
    opened.push(() => live.close())
    keepFromChildren([state.path, live.path], descriptor)
    return storeOf(state, live, close)
  } catch (error) {
    await close()
    throw error
  }
}

const LIVE = 'live.mdb'

/** A controller keeps, or has kept, its run directory there. */
export const isRunDirectory = (path: string): boolean => existsSync(join(path, LIVE))

/** LMDB opens its files for whoever this process starts as well: a program in a sandbox could write the state. */
function keepFromChildren(paths: readonly string[], { closeOnExec }: Descriptor): void {
  const ours = new Set(paths.map((path) => realpathSync(path)))
  for (const fd of readdirSync('/proc/self/fd')) if (ours.has(targetOf(fd))) closeOnExec(Number(fd))
}

/** '' for a descriptor that was closed in the meantime, as the one that lists the folder is. */
function targetOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return ''
  }
}

async function own(directory: string, lock: Parameters<typeof lockDirectory>[1]): Promise<() => void> {
  try {
    makeDirectory(directory)
    return await lockDirectory(directory, lock)
  } catch (error) {
    throw lock.signal?.aborted ? error : unwritable(directory, error)
  }
}

function beginIn(run: string): void {
  try {
    forgetOtherBoots(run)
  } catch (error) {
    throw unwritable(run, error)
  }
}

function storeOf(state: StateFile, live: StateFile, close: () => Promise<void>): Store {
  const networks = recordsOf(new Table(state, 'networks', network, ['name']))
  const journal = new Table(live, 'journal', journalEntry)
  let last: (() => void)[] | undefined
  return {
    networks: { ...networks, delete: (id) => (last ? void last.push(() => networks.delete(id)) : networks.delete(id)) },
    lentPools: recordsOf(new Table(state, 'lentPools', lentPool)),
    lentAddresses: recordsOf(new Table(state, 'lentAddresses', lentAddress, ['pool'])),
    lentForBoot: recordsOf(new Table(live, 'lentForBoot', lentAddress, ['pool'])),
    dues: recordsOf(new Table(state, 'dues', due)),
    memberships: recordsOf(new Table(state, 'memberships', membership)),
    cluster: new Table(state, 'cluster', anything),
    identity: new Table(state, 'identity', anything),
    sandboxes: recordsOf(new Table(live, 'sandboxes', sandbox, ['name'])),
    endpoints: recordsOf(new Table(live, 'endpoints', endpoint, ['networkId', 'sandboxId'])),
    marks: new Table(live, 'marks', anything),
    journal: {
      add(entry) {
        const key = keyAfter(journal.list().at(-1)?.key)
        journal.put(key, entry)
        return key
      },
      list: () => journal.list(),
      delete: (key) => journal.delete(key),
    },
    transact(work) {
      if (last) return work()
      last = []
      const deletions = last
      try {
        const result = live.transact(() =>
          state.transact(() => {
            const answer = work()
            // What was written to the one could not be taken back when the other is full.
            if (state.isWriting) live.takeRoom()
            return answer
          }),
        )
        if (deletions.length > 0) state.transact(() => deletions.forEach((remove) => remove()))
        return result
      } finally {
        last = undefined
      }
    },
    checkThere() {
      for (const file of [state, live]) file.checkThere()
    },
    close,
  }
}

const recordsOf = <T extends { readonly id: string }, P extends keyof T>(table: Table<T, P>): Records<T, P> => ({
  get: (id) => table.get(id),
  list: () => table.values(),
  with: (property, shared) => table.with(property, shared),
  put: (record) => table.put(record.id, record),
  delete: (id) => table.delete(id),
})

/** Keys sort as text in the order in which they were made. */
const keyAfter = (key = '0'): string => String(Number(key) + 1).padStart(12, '0')
