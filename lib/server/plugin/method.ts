import type { Static, TSchema } from '@sinclair/typebox'

/**
 * One method of the protocol: what it is asked with, and what it answers. `signal` is aborted when the engine should not wait longer,
 * or does not. It is for what makes something: an engine does not say twice that something is to go, so that is done all the same.
 */
export interface Method {
  /** Absent: it is asked with nothing. */
  readonly body?: TSchema
  readonly answer: (asked: never, signal: AbortSignal) => object | Promise<object>
  /** The engine has been sent the answer. */
  readonly told?: (answer: never) => Promise<unknown>
}

/** By name: 'NetworkDriver.Join'. */
export type Methods = Readonly<Record<string, Method>>

export const method = <S extends TSchema>(
  body: S,
  answer: (asked: Static<S>, signal: AbortSignal) => object | Promise<object>,
): Method => ({ body, answer })

/** What a verb answers that has nothing to say. */
export const DONE = {}
