import { expect, it } from 'vitest'
import { type Asked, outcomeOf, Turns } from '../../../../lib/controller/execution/turns.ts'

/** What is asked for is done in pieces; a number below 0 is refused. */
function place() {
  const turns = new Turns()
  const pieces: string[] = []
  const add = turns.together((all: readonly Asked<number>[]) => {
    pieces.push(all.map(({ what }) => what).join(' '))
    return Promise.all(
      all.map(({ what, signal }) =>
        outcomeOf(() => {
          signal?.throwIfAborted()
          if (what < 0) throw new Error(`no ${what}`)
          return what * 10
        }),
      ),
    )
  })
  const other = (name: string) => turns.take(async () => void pieces.push(name))
  return { turns, pieces, add, other }
}

it('those that wait one behind the other have one turn, and each what became of it', async () => {
  const { pieces, add } = place()
  const first = add(1)
  await Promise.resolve()
  const outcomes = await Promise.allSettled([first, add(2), add(-3), add(4)])
  expect(pieces).toEqual(['1', '2 -3 4'])
  expect(outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : outcome.reason.message))).toEqual([
    10,
    20,
    'no -3',
    40,
  ])
})

it('nobody overtakes a verb of another kind', async () => {
  const { pieces, add, other } = place()
  await Promise.all([add(1), add(2), other('a'), add(3), other('b'), add(4), add(5)])
  expect(pieces).toEqual(['1 2', 'a', '3', 'b', '4 5'])
})

it('who comes while they are at it has the next turn', async () => {
  const { turns, pieces, add } = place()
  let late: Promise<number> | undefined
  const slow = turns.take(async () => void (late = add(2)))
  await Promise.all([slow, add(1)])
  expect(await late).toBe(20)
  expect(pieces).toEqual(['1 2'])
  const all: Promise<number>[] = []
  const chained = turns.together(async (asked: readonly Asked<number>[]) => {
    pieces.push(`piece of ${asked.length}`)
    if (all.length === 0) all.push(chained(2), chained(3))
    return asked.map(({ what }) => ({ status: 'fulfilled', value: what }) as const)
  })
  await chained(1)
  expect(await Promise.all(all)).toEqual([2, 3])
  expect(pieces.slice(1)).toEqual(['piece of 1', 'piece of 2'])
})

it('a turn that throws is everybody’s error, and the next one begins', async () => {
  const turns = new Turns()
  const fails = turns.together<number, number>(async () => Promise.reject(new Error('no disk')))
  const outcomes = await Promise.allSettled([fails(1), fails(2)])
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(await turns.take(async () => 'next')).toBe('next')
})

it('what is urgent goes before those that wait, and neither parts nor stops them', async () => {
  const { turns, pieces, add, other } = place()
  const urgent = (name: string) => turns.ahead(async () => void pieces.push(name))
  const verbs = [other('a'), add(1)]
  await Promise.resolve()
  const refused = turns.ahead(() => Promise.reject(new Error('no kernel')))
  verbs.push(add(2))
  await expect(Promise.all([urgent('u'), refused])).rejects.toThrow('no kernel')
  await Promise.all(verbs)
  expect(pieces).toEqual(['a', 'u', '1 2'])
  await urgent('alone')
  const late = urgent('late')
  await turns.idle()
  expect(pieces.slice(3)).toEqual(['alone', 'late'])
  await late
})

it('what is aborted while it waits is over at once, and is never begun', async () => {
  const { turns, pieces, add, other } = place()
  let free = () => {}
  const long = turns.take(() => new Promise<void>((resolve) => (free = resolve)))
  const abort = new AbortController()
  const reason = new Error('enough')
  const waiting = [turns.take(async () => void pieces.push('never'), abort.signal), add(7, abort.signal)]
  const stays = add(8)
  abort.abort(reason)
  expect(await Promise.all(waiting.map((turn) => turn.catch((error) => error)))).toEqual([reason, reason])
  await expect(turns.take(async () => void pieces.push('never'), abort.signal)).rejects.toBe(reason)
  expect(pieces).toEqual([])
  free()
  await Promise.all([long, stays, other('next')])
  expect(pieces).toEqual(['7 8', 'next'])
})

it('what is aborted when it has begun is left to itself', async () => {
  const { turns } = place()
  const abort = new AbortController()
  const turn = turns.take(async () => {
    abort.abort()
    await Promise.resolve()
    return 'done'
  }, abort.signal)
  expect(await turn).toBe('done')
})

it('closed, it takes nothing more, and what was asked for goes on', async () => {
  const { turns, pieces, add, other } = place()
  const asked = [other('a'), add(1)]
  turns.close()
  await expect(other('b')).rejects.toMatchObject({ code: 'CONTROLLER_CLOSED' })
  await expect(add(2)).rejects.toMatchObject({ code: 'CONTROLLER_CLOSED' })
  expect(turns.over).toBe(false)
  await turns.idle()
  await Promise.all(asked)
  expect(pieces).toEqual(['a', '1'])
  expect(turns.over).toBe(true)
})
