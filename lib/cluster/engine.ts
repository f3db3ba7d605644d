/**
 * What a swarm needs of the store that all its nodes share: rows of text under text keys, transactions with conditions,
 * leases, and a watch. Every engine keeps to it in the same way; test/cluster/contract.ts holds them to it.
 */
export interface Engine {
  /** For messages: 'etcd at 10.99.0.2:2379, 10.99.0.3:2379'. */
  readonly name: string
  /** All rows under a prefix, as they were at one moment. */
  read(prefix: string, signal?: AbortSignal): Promise<Snapshot>
  /** All of it or nothing. Throws LeaseDead where a put is tied to a lease that is over. */
  transact(transaction: Transaction, signal?: AbortSignal): Promise<Outcome>
  /** A lease that is dead when nobody has kept it alive for so long. */
  grant(seconds: number): Promise<Lease>
  /** False: it is dead, and the rows that were tied to it are gone. */
  keepAlive(lease: Lease): Promise<boolean>
  /** The rows tied to it go at once. */
  revoke(lease: Lease): Promise<void>
  /**
   * What is written under a prefix after a revision, in order; first an empty batch, when the watch stands. Throws Compacted when
   * that revision is not known any more, or not at all: the store was put back to an earlier day.
   */
  watch(prefix: string, after: number, signal: AbortSignal): AsyncIterable<Batch>
  close(): void
}

export type Lease = string

export interface Row {
  readonly key: string
  readonly value: string
  /** Of the store, when this row was written last; at least 1. */
  readonly revision: number
}

export interface Snapshot {
  readonly revision: number
  readonly rows: readonly Row[]
}

export type Condition =
  | { readonly key: string; readonly is: 'absent' | 'present' }
  /** Nobody has written it since; 0: it is absent. */
  | { readonly key: string; readonly revision: number }
  | { readonly key: string; readonly value: string }
  | { readonly prefix: string; readonly is: 'empty' }

export type Change =
  | { readonly put: string; readonly value: string; readonly lease?: Lease }
  | { readonly delete: string }
  | { readonly deleteAll: string }

export interface Transaction {
  readonly when: readonly Condition[]
  /** The first put is unique to this transaction: an engine that lost an answer looks for it, to know whether it was carried out. */
  readonly then: readonly Change[]
  /** Prefixes of rows to be read where a condition does not hold. */
  readonly otherwise?: readonly string[]
}

export type Outcome = { readonly done: true; readonly revision: number } | { readonly done: false; readonly rows: readonly Row[] }

export interface Batch {
  readonly revision: number
  /** Without a value: it was deleted. */
  readonly written: readonly (Row | { readonly key: string; readonly value?: undefined; readonly revision: number })[]
}

/** Nobody answers for the engine, or those who answer have no majority. */
export class EngineLost extends Error {
  override readonly name = 'EngineLost'
}

export class LeaseDead extends Error {
  override readonly name = 'LeaseDead'
}

export class Compacted extends Error {
  override readonly name = 'Compacted'
}

/** The engine has understood, and refuses: a mistake of ours, or of who set it up. */
export class EngineRefused extends Error {
  override readonly name = 'EngineRefused'
}
