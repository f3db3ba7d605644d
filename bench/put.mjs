// For each line that it reads: how long etcd takes to answer a put, and from there until a watch tells of it, in ms. Argument: the engine.
import { createInterface } from 'node:readline'
import { Etcd } from '../dist/esm/lib/cluster/etcd/etcd.js'

const [asking, watching] = [1, 2].map(() => new Etcd(`${process.argv[2]}-floor`))
const batches = watching.watch('', (await watching.read('')).revision, new AbortController().signal)
await batches.next()
console.log('ready')
let count = 0
for await (const _ of createInterface({ input: process.stdin })) {
  const told = batches.next().then(() => performance.now())
  const start = performance.now()
  await asking.transact({ when: [], then: [{ put: 'row', value: String(count++) }] })
  const answered = performance.now()
  console.log(JSON.stringify([answered - start, Math.max(0, (await told) - answered)]))
}
process.exit()
