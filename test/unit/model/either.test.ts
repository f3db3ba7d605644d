import { getEventListeners } from 'node:events'
import { expect, it } from 'vitest'
import { Either } from '../../../lib/model/either.ts'

it('is aborted by whichever is first, with its reason', () => {
  const [one, two] = [new AbortController(), new AbortController()]
  using either = new Either(one.signal, undefined, two.signal)
  expect(either.signal.aborted).toBe(false)
  two.abort('two')
  one.abort('one')
  expect(either.signal.reason).toBe('two')
})

it('is aborted from the beginning where one of them is', () => {
  using either = new Either(new AbortController().signal, AbortSignal.abort('early'))
  expect([either.signal.aborted, either.signal.reason]).toEqual([true, 'early'])
})

it('is forgotten by the others when one has aborted it', () => {
  const [stays, goes] = [new AbortController(), new AbortController()]
  const either = new Either(stays.signal, goes.signal)
  goes.abort('gone')
  expect(either.signal.reason).toBe('gone')
  expect(getEventListeners(stays.signal, 'abort')).toEqual([])
})

it('is forgotten at its end by those that it was made of', () => {
  const stays = new AbortController()
  const either = new Either(stays.signal)
  expect(getEventListeners(stays.signal, 'abort')).toHaveLength(1)
  either[Symbol.dispose]()
  expect(getEventListeners(stays.signal, 'abort')).toEqual([])
  stays.abort()
  expect(either.signal.aborted).toBe(false)
})
