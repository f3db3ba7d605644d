import { afterAll, beforeAll, describe } from 'vitest'
import { Etcd } from '../../lib/cluster/etcd/etcd.ts'
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
