import { CnmError } from '../model/errors.ts'
import { type Finding, finding } from '../model/findings.ts'
import type { Endpoint, Network, Sandbox } from '../model/network.ts'
import { list, Mismatch, object, oneOf, text } from '../model/shape.ts'
import { network } from '../model/shapes.ts'
import * as descriptor from '../netlink/descriptor.ts'
import { endpoint, sandbox } from '../store/records.ts'
import { openStore, type Store } from '../store/store.ts'
import { type Directories, rootOf, runOf } from './directories.ts'
import { contradictions } from './doctor/records.ts'

/** All that is recorded of a host, for other programs and other days. Nothing in it is secret that a label does not make so. */
export interface StateExport {
  /** Of this form; raised when who knows the old one would misunderstand the new one. */
  readonly version: typeof VERSION
  /** RFC 3339. */
  readonly written: string
  readonly networks: readonly Network[]
  readonly sandboxes: readonly Sandbox[]
  readonly endpoints: readonly Endpoint[]
}

const VERSION = 1

const exported = object<StateExport>({
  version: oneOf(VERSION),
  written: text,
  networks: list(network),
  sandboxes: list(sandbox),
  endpoints: list(endpoint),
})

export interface StateOptions extends Directories {
  /** How long to wait for a controller to end, in ms. Default: 10,000. */
  readonly wait?: number
  readonly signal?: AbortSignal
}

/** Everything that is recorded in two directories; what an interrupted verb has left is not finished. */
export const exportState = (options: StateOptions = {}): Promise<StateExport> => reading(options, snapshotOf)

/** What is wrong with the records of two directories, whatever the kernel has. Throws STATE_LOCKED. */
export async function verifyState(options: StateOptions = {}): Promise<readonly Finding[]> {
  try {
    return contradictions(await reading(options, snapshotOf))
  } catch (error) {
    return [unusable(error)]
  }
}

/** The same of what exportState() wrote, as JSON. */
export function verifyExport(json: string): readonly Finding[] {
  try {
    return contradictions(exported(JSON.parse(json), ''))
  } catch (error) {
    if (!(error instanceof Mismatch || error instanceof SyntaxError)) throw error
    return [finding('STATE_UNUSABLE', 'export', { reason: error.message, remedy: 'cnm state export' })]
  }
}

const UNUSABLE = ['STATE_BROKEN', 'STATE_FOREIGN', 'STATE_GONE', 'STATE_VERSION']

/** A state that cannot be opened, as a finding; any other error is thrown. */
export function unusable(error: unknown): Finding {
  if (!(error instanceof CnmError && UNUSABLE.includes(error.code))) throw error
  return finding('STATE_UNUSABLE', 'state', { reason: error.message, remedy: error.remedy })
}

async function reading<T>({ wait, signal, ...directories }: StateOptions, read: (store: Store) => T): Promise<T> {
  const waiting = { ...(wait === undefined ? {} : { wait }), ...(signal ? { signal } : {}) }
  const store = await openStore({ root: rootOf(directories), run: runOf(directories), descriptor, ...waiting })
  try {
    return read(store)
  } finally {
    await store.close()
  }
}

export const snapshotOf = ({ networks, sandboxes, endpoints }: Store): StateExport => ({
  version: VERSION,
  written: new Date().toISOString(),
  networks: networks.list(),
  sandboxes: sandboxes.list(),
  endpoints: endpoints.list(),
})
