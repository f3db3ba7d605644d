import { describe, expect, it } from 'vitest'
import { Embedded, type Shelf } from '../../../lib/cluster/embedded.ts'
import { parseEngine } from '../../../lib/cluster/etcd/address.ts'
import { keepsToTheContract } from '../../cluster/contract.ts'
import { SimulatedEngine, SimulatedStore } from '../../support/simulated.ts'
import { opened } from '../store/fixture.ts'

const shelf = (): Shelf => {
  const rows = new Map<string, unknown>()
  return {
    list: (prefix = '') => Array.from(rows, ([key, value]) => ({ key, value })).filter(({ key }) => key.startsWith(prefix)),
    put: (key, value) => void rows.set(key, value),
    delete: (key) => void rows.delete(key),
  }
}

describe('the store of this host, as an engine', () => {
  keepsToTheContract(() => ({ engine: new Embedded({ kept: shelf(), live: shelf(), transact: (work) => work() }) }))

  it('has everything in the next process, and after a reboot what was tied to no lease', async () => {
    const { cluster: kept, marks: live, transact } = await opened()
    const first = new Embedded({ kept, live, transact })
    const lease = await first.grant()
    await first.transact({
      when: [],
      then: [
        { put: 'a/1', value: 'kept' },
        { put: 'a/2', value: 'leased', lease },
      ],
    })
    await first.transact({
      when: [],
      then: [
        { put: 'a/3', value: 'x' },
        { put: 'a/2', value: 'again', lease },
      ],
    })
    const next = new Embedded({ kept, live, transact })
    const { revision, rows } = await next.read('')
    expect(rows.map(({ key, value }) => `${key}=${value}`).sort()).toEqual(['a/1=kept', 'a/2=again', 'a/3=x'])
    expect([revision, await next.keepAlive()]).toEqual([2, true])
    const rebooted = new Embedded({ kept, live: shelf(), transact })
    expect((await rebooted.read('')).rows.map(({ key }) => key).sort()).toEqual(['a/1', 'a/3'])
    expect(await rebooted.keepAlive()).toBe(false)
  })
})

describe('the engine that other tests simulate', () => {
  keepsToTheContract(() => {
    const store = new SimulatedStore()
    return { engine: new SimulatedEngine(store), other: new SimulatedEngine(store), compact: async () => store.compact() }
  })
})

describe('where an engine is', () => {
  it.each([
    ['etcd://10.0.0.1', [{ host: '10.0.0.1', port: 2379 }], '/cnm'],
    [
      'etcd://a:1,[fd00::3]:65535/lab/1/',
      [
        { host: 'a', port: 1 },
        { host: 'fd00::3', port: 65_535 },
      ],
      '/lab/1',
    ],
  ])('%s', (text, members, prefix) => {
    expect(parseEngine(text)).toEqual({ members, prefix })
  })

  it.each(['', 'etcd://', 'http://a', 'etcd://a,', 'etcd://a:0', 'etcd://a:65536', 'etcd://a/x y', 'etcd://a b', 'a:2379'])(
    'not %j',
    (text) => {
      expect(() => parseEngine(text)).toThrow(`invalid engine: ${text}`)
    },
  )
})
