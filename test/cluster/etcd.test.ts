import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { Etcd } from '../../lib/cluster/etcd/etcd.ts'
import { EtcdMember } from '../../lib/cluster/etcd/member.ts'
import { EtcdCluster } from '../support/etcd.ts'
import { keepsToTheContract } from './contract.ts'

let etcd: EtcdCluster
beforeAll(async () => {
  etcd = await EtcdCluster.start()
})
afterAll(() => etcd[Symbol.asyncDispose]())

let count = 0

describe('etcd', () => {
  keepsToTheContract(() => {
    const where = etcd.engine(`/contract/${count++}`)
    return { engine: new Etcd(where), other: new Etcd(where), compact: () => etcd.compact() }
  })
})

it('what is forgotten while its pages are read is read anew', async () => {
  const engine = new Etcd(etcd.engine('/pages'))
  const keys = Array.from({ length: 2100 }, (_, n) => `a/${n}`)
  for (let from = 0; from < keys.length; from += 100)
    await engine.transact({ when: [], then: keys.slice(from, from + 100).map((put) => ({ put, value: 'x' })) })
  const { ask } = EtcdMember.prototype
  let pages = 0
  const spy = vi.spyOn(EtcdMember.prototype, 'ask').mockImplementation(async function (this: EtcdMember, ...asked) {
    const answer = await ask.apply(this, asked)
    if (asked[0] === 'KV/Range' && pages++ === 0) {
      await engine.transact({ when: [], then: [{ put: 'a/late', value: 'x' }] })
      await etcd.compact()
    }
    return answer
  })
  const { rows } = await engine.read('a/').finally(() => {
    spy.mockRestore()
    engine.close()
  })
  expect(rows.map(({ key }) => key).sort()).toEqual([...keys, 'a/late'].sort())
})
