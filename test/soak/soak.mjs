// npm run soak [SECONDS] [WORKERS] [MIB]: many workers, each with a namespace of its own, do a bit of everything. Afterwards no
// descriptor may be left, and memory must not have grown since the warm-up. Plain Node.js on dist/, so that it also runs with an
// addon that was built to find errors.

import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { apply, applyLeniently, dump } from '../../dist/esm/lib/netlink/kernel.js'
import { monitor } from '../../dist/esm/lib/netlink/monitor.js'
import { inode, Netns, readSysctl } from '../../dist/esm/lib/netlink/namespace.js'

const SECONDS = Number(process.argv[2] ?? 60)
const WORKERS = Number(process.argv[3] ?? 24)
/** MiB. A worker's own heap comes and goes; what leaks comes to more in the time that this takes. */
const MAY_GROW = Number(process.argv[4] ?? 64)

const pack = (count, width, at) => Uint8Array.from({ length: count * width }, (_, n) => at(Math.floor(n / width), n % width))
const entries = {
  op: 'fdb.replaceMany',
  link: 'vx0',
  family: 4,
  macs: pack(500, 6, (row, byte) => [2, 0, 0, 0, row >> 8, row][byte]),
  dsts: pack(500, 4, (row, byte) => [10, 0, row >> 8, row][byte]),
}
const furniture = [
  { op: 'link.set', link: 'lo', up: true },
  { op: 'link.add', name: 'br0', kind: 'bridge' },
  { op: 'link.add', name: 'v0', kind: 'veth', peer: { name: 'v1', at: 0 } },
  { op: 'link.set', link: 'v0', master: 'br0', up: true },
  { op: 'link.set', link: 'v1', up: true },
  { op: 'addr.add', link: 'v1', address: Uint8Array.of(10, 0, 0, 1), prefix: 24 },
  { op: 'route.add', to: Uint8Array.of(10, 9, 0, 0), prefix: 16, via: Uint8Array.of(10, 0, 0, 2) },
  { op: 'link.add', name: 'vx0', kind: 'vxlan', vxlan: { id: 7, learning: false } },
  entries,
  { op: 'nft', commands: [{ add: { table: { family: 'inet', name: 'soak' } } }] },
  { op: 'sysctl', path: 'net/ipv4/ip_forward', value: '1' },
]

/** A namespace that lives for a moment: made, furnished, watched, asked, deleted. */
async function life(path) {
  const netns = Netns.at(path)
  await apply([netns], [{ op: 'netns.add' }])
  const watched = watch(netns)
  await apply([netns], furniture)
  await Promise.all([...['link', 'address', 'route', 'neigh', 'fdb'].map((table) => dump(netns, table)), inode(netns)])
  if ((await readSysctl(netns, 'net/ipv4/ip_forward')) !== '1') throw new Error('a sysctl is not what it was set to')
  const signal = AbortSignal.timeout(1)
  await apply([netns], Array(50).fill(entries), { signal }).catch((reason) => reason.done)
  await watched
  await apply([netns], [{ op: 'netns.del' }])
  netns.close()
}

/** Until the last that is furnished has been told of. */
async function watch(netns) {
  for await (const event of monitor(netns, ['link', 'route', 'fdb'])) {
    if (event.type === 'added' && event.table === 'fdb' && event.row.dst?.value === 0x0a0001f3n) return
    if (event.type === 'snapshot' && event.table === 'fdb' && event.rows.length >= 500) return
  }
}

async function work({ path, end }) {
  let lives = 0
  // One at least: a machine that is busy may take all the time to start a worker.
  do {
    await life(path)
    lives++
  } while (Date.now() < end)
  parentPort.postMessage(lives)
}

const descriptors = () => readdirSync('/proc/self/fd').length
const resident = () => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) >> 10

/** All workers for so long; answers with how many lives they made. */
async function round(folder, seconds) {
  const end = Date.now() + seconds * 1000
  const workers = Array.from({ length: WORKERS }, (_, n) => {
    return new Worker(fileURLToPath(import.meta.url), { workerData: { path: join(folder, String(n)), end } })
  })
  const lives = await Promise.all(workers.map(async (worker) => (await Promise.all([once(worker, 'message'), once(worker, 'exit')]))[0][0]))
  return lives.reduce((sum, each) => sum + each, 0)
}

async function main() {
  const folder = mkdtempSync(join(tmpdir(), 'cnm-soak-'))
  try {
    // The process loads what it needs and sets its heaps up.
    await round(folder, SECONDS / 4)
    const before = descriptors()
    const residents = [resident()]
    let lives = 0
    for (let n = 0; n < 3; n++) {
      lives += await round(folder, SECONDS / 4)
      residents.push(resident())
    }
    const left = descriptors() - before
    const grown = residents[3] - residents[0]
    console.log(JSON.stringify({ workers: WORKERS, lives, left, grown, residents }))
    process.exitCode = left === 0 && grown < MAY_GROW && lives > 0 ? 0 : 1
  } finally {
    // Of a worker that failed.
    const rest = readdirSync(folder).map((name) => Netns.at(join(folder, name)))
    for (const netns of rest) await applyLeniently([netns], [{ op: 'netns.del' }])
    rmSync(folder, { recursive: true })
  }
}

await (isMainThread ? main() : work(workerData))
