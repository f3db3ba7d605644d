import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Batch, Compacted, type Engine, LeaseDead } from '../../lib/cluster/engine.ts'

export interface Subject {
  readonly engine: Engine
  /** Another client of the same store; absent where there is only one. */
  readonly other?: Engine
  /** Makes everything before now be forgotten; absent where nothing ever is. */
  readonly compact?: () => Promise<void>
}

/** Batches as they come; a watch stands when `opened` resolves. */
export class Watch {
  readonly batches: Batch[] = []
  error: unknown
  readonly #abort = new AbortController()
  readonly #ended: Promise<void>
  #wake = (): void => {}

  constructor(engine: Engine, prefix: string, after: number) {
    this.#ended = this.#run(engine, prefix, after)
  }

  async #run(engine: Engine, prefix: string, after: number): Promise<void> {
    try {
      for await (const batch of engine.watch(prefix, after, this.#abort.signal)) {
        this.batches.push(batch)
        this.#wake()
      }
    } catch (error) {
      this.error = error
      this.#wake()
    }
  }

  get written(): readonly string[] {
    return this.batches.flatMap(({ written }) => written.map(({ key, value }) => (value === undefined ? `-${key}` : `${key}=${value}`)))
  }

  /** Waits until `holds`, or the watch has failed. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds() && this.error === undefined) await new Promise<void>((resolve) => (this.#wake = resolve))
  }

  async close(): Promise<void> {
    this.#abort.abort()
    await this.#ended
  }
}

/** What every engine has to do in the same way. */
export function keepsToTheContract(make: () => Subject | Promise<Subject>): void {
  let subject: Subject
  let engine: Engine
  beforeEach(async () => {
    subject = await make()
    engine = subject.engine
  })
  afterEach(() => {
    engine.close()
    subject.other?.close()
  })

  const put = (key: string, value: string) => engine.transact({ when: [], then: [{ put: key, value }] })
  const texts = async (prefix: string) => (await engine.read(prefix)).rows.map(({ key, value }) => `${key}=${value}`).sort()

  it('reads what was put under a prefix, and nothing else', async () => {
    expect(await engine.read('a/')).toMatchObject({ rows: [] })
    await put('a/1', 'one')
    await put('a/2', 'zwei ü {"x":"\n"}')
    await put('b/1', 'other')
    expect(await texts('a/')).toEqual(['a/1=one', 'a/2=zwei ü {"x":"\n"}'])
    const { revision, rows } = await engine.read('')
    expect(Math.max(...rows.map((row) => row.revision))).toBe(revision)
  })

  it('does all of a transaction when its conditions hold', async () => {
    await put('a/1', 'one')
    const { rows } = await engine.read('a/')
    const outcome = await engine.transact({
      when: [
        { key: 'a/1', is: 'present' },
        { key: 'a/1', value: 'one' },
        { key: 'a/1', revision: rows[0]?.revision ?? 0 },
        { key: 'a/2', is: 'absent' },
        { key: 'a/2', revision: 0 },
        { prefix: 'c/', is: 'empty' },
      ],
      then: [{ put: 'a/2', value: 'two' }, { delete: 'a/1' }, { put: 'c/1', value: 'x' }],
    })
    expect(outcome).toMatchObject({ done: true })
    expect(await texts('')).toEqual(['a/2=two', 'c/1=x'])
    await engine.transact({ when: [], then: [{ deleteAll: 'c/' }] })
    expect(await texts('')).toEqual(['a/2=two'])
  })

  it.each([
    [{ key: 'a/1', is: 'absent' } as const],
    [{ key: 'a/2', is: 'present' } as const],
    [{ key: 'a/1', value: 'two' } as const],
    [{ key: 'a/2', value: '' } as const],
    [{ key: 'a/1', revision: 0 } as const],
    [{ prefix: 'a/', is: 'empty' } as const],
  ])('does nothing of it when one does not: %j', async (condition) => {
    await put('a/1', 'one')
    const when = [{ key: 'a/1', is: 'present' } as const, condition]
    const outcome = await engine.transact({ when, then: [{ put: 'a/3', value: 'x' }, { delete: 'a/1' }], otherwise: ['a/'] })
    expect(outcome).toMatchObject({ done: false, rows: [{ key: 'a/1', value: 'one' }] })
    expect(await texts('')).toEqual(['a/1=one'])
  })

  it('takes rows away with their lease, and refuses those of one that is dead', async () => {
    const lease = await engine.grant(60)
    expect(await engine.keepAlive(lease)).toBe(true)
    await engine.transact({
      when: [],
      then: [
        { put: 'a/1', value: 'x', lease },
        { put: 'a/2', value: 'y' },
      ],
    })
    await engine.revoke(lease)
    expect(await texts('a/')).toEqual(['a/2=y'])
    expect(await engine.keepAlive(lease)).toBe(false)
    await expect(engine.transact({ when: [], then: [{ put: 'a/1', value: 'x', lease }] })).rejects.toBeInstanceOf(LeaseDead)
    await engine.revoke(lease)
  })

  it('tells what is written, in order, from a revision on', async () => {
    await put('a/0', 'before')
    const { revision } = await engine.read('')
    const watch = new Watch(engine, 'a/', revision)
    await watch.until(() => watch.batches.length > 0)
    expect(watch.batches[0]?.written).toEqual([])
    await put('a/1', 'one')
    await put('b/1', 'not told')
    await engine.transact({ when: [], then: [{ put: 'a/2', value: 'two' }, { delete: 'a/1' }] })
    await watch.until(() => watch.written.length >= 3)
    await watch.close()
    expect([...watch.written.slice(0, 1), ...watch.written.slice(1).sort()]).toEqual(['a/1=one', '-a/1', 'a/2=two'])
  })

  it('tells of rows that go with a lease', async () => {
    const lease = await engine.grant(60)
    await engine.transact({ when: [], then: [{ put: 'a/1', value: 'x', lease }] })
    const watch = new Watch(engine, 'a/', (await engine.read('')).revision)
    await watch.until(() => watch.batches.length > 0)
    await engine.revoke(lease)
    await watch.until(() => watch.written.length > 0)
    await watch.close()
    expect(watch.written).toEqual(['-a/1'])
  })

  it('tells others what one has written, and lets one of two win', async () => {
    const { other } = subject
    if (!other) return expect(engine.name).toBe('the store of this host')
    const watch = new Watch(other, 'a/', (await other.read('')).revision)
    await watch.until(() => watch.batches.length > 0)
    const claim = (client: Engine, value: string) =>
      client.transact({ when: [{ key: 'a/1', is: 'absent' }], then: [{ put: 'a/1', value }], otherwise: ['a/1'] })
    const outcomes = await Promise.all([claim(engine, 'mine'), claim(other, 'yours')])
    expect(outcomes.filter(({ done }) => done).length).toBe(1)
    await watch.until(() => watch.written.length > 0)
    await watch.close()
    expect(await texts('a/')).toEqual(watch.written)
  })

  it('says so when there is no such revision yet', async () => {
    if (!subject.compact) return expect(engine.name).toBe('the store of this host')
    const watch = new Watch(engine, 'a/', (await engine.read('')).revision + 10)
    await watch.until(() => false)
    expect(watch.error).toBeInstanceOf(Compacted)
  })

  it('says so when a revision is forgotten', async () => {
    if (!subject.compact) return expect(engine.name).toBe('the store of this host')
    await put('a/1', 'one')
    const { revision } = await engine.read('')
    await put('a/1', 'two')
    await put('a/1', 'three')
    await subject.compact()
    const watch = new Watch(engine, 'a/', revision - 1)
    await watch.until(() => false)
    expect(watch.error).toBeInstanceOf(Compacted)
  })
}
