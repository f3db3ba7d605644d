// Whether more than one kernel thread pays: forwarding entries for four namespaces, by one thread and by four. Each
// environment has a kernel thread of its own, so four threads are four workers.
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { apply } from '../dist/esm/lib/netlink/kernel.js'
import { Netns } from '../dist/esm/lib/netlink/namespace.js'

const ROUNDS = 7
const ENTRIES = 25_000
const PATHS = Array.from({ length: 4 }, (_, n) => `/run/netns/cnmthr${process.pid}-${n}`)

const entries = {
  op: 'fdb.addMany',
  link: 'vx0',
  family: 4,
  macs: Uint8Array.from({ length: ENTRIES * 6 }, (_, n) => [2, 0, 0, 0, (n / 6) >> 8, n / 6][n % 6]),
  dsts: Uint8Array.from({ length: ENTRIES * 4 }, (_, n) => [10, 0, (n / 4) >> 8, n / 4][n % 4]),
}
const vxlan = { op: 'link.add', name: 'vx0', kind: 'vxlan', vxlan: { id: 1, learning: false } }
const fill = (paths) => Promise.all(paths.map((netns) => apply([netns], [entries])))

async function timed(work) {
  const start = performance.now()
  await work()
  return performance.now() - start
}

if (!isMainThread) {
  const netns = Netns.at(workerData)
  parentPort.on('message', async () => {
    await fill([netns])
    parentPort.postMessage('done')
  })
} else {
  for (const path of PATHS) spawnSync('ip', ['netns', 'add', path.slice(11)])
  const netns = PATHS.map((path) => Netns.at(path))
  const workers = PATHS.map((path) => new Worker(fileURLToPath(import.meta.url), { workerData: path }))
  const ask = (worker) => (worker.postMessage('fill'), once(worker, 'message'))
  const contenders = { '1 thread': () => fill(netns), '4 threads': () => Promise.all(workers.map(ask)) }
  const times = { '1 thread': [], '4 threads': [] }
  try {
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, work] of Object.entries(contenders)) {
        for (const each of netns) await apply([each], [vxlan])
        times[name].push(await timed(work))
        for (const each of netns) await apply([each], [{ op: 'link.del', link: 'vx0' }])
      }
    }
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()))
    for (const each of netns) each.close()
    for (const path of PATHS) spawnSync('ip', ['netns', 'del', path.slice(11)])
  }
  const results = Object.entries(times).map(([contender, all]) => {
    const ms = all.toSorted((a, b) => a - b)[all.length >> 1]
    return { bench: 'threads', contender, count: 4 * ENTRIES, ms, spread: [Math.min(...all), Math.max(...all)] }
  })
  if (process.argv.includes('--json')) console.log(JSON.stringify(results, null, 2))
  else {
    console.log(`${'bench'.padEnd(10)}${'contender'.padEnd(14)}  entries       ms      k/s   ms min–max    (medians of ${ROUNDS})`)
    for (const { bench, contender, count, ms, spread } of results) {
      const figures = [String(count), ms.toFixed(1), (count / ms).toFixed(0)].map((text) => text.padStart(9)).join('')
      console.log(`${bench.padEnd(10)}${contender.padEnd(14)}${figures}   ${spread.map((value) => value.toFixed(1)).join('–')}`)
    }
  }
}
