// Forwarding entries of a vxlan by the thousand: libcnm's packed columns, `bridge -batch`, and the kernel's own ceiling.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { printOp } from '../dist/esm/lib/model/print.js'
import { apply } from '../dist/esm/lib/netlink/kernel.js'
import { Netns } from '../dist/esm/lib/netlink/namespace.js'

const ROUNDS = 5
const HOST = `cnmfdb${process.pid}`
const folder = mkdtempSync(join(tmpdir(), 'cnm-bench-'))

function must(...argv) {
  const { status, stdout, stderr } = spawnSync(argv[0], argv.slice(1), { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${argv.join(' ')}: ${stderr}`)
  return stdout
}

/** The same rows as ceiling.c has. */
function rowsOf(count) {
  const macs = new Uint8Array(count * 6)
  const dsts = new Uint8Array(count * 4)
  for (let row = 0; row < count; row++) {
    const low = [row >> 16, (row >> 8) & 255, row & 255]
    macs.set([2, 0, 0, ...low], row * 6)
    dsts.set([10, ...low], row * 4)
  }
  return { op: 'fdb.addMany', link: 'vx0', family: 4, macs, dsts }
}

async function timed(work) {
  const start = performance.now()
  await work()
  return performance.now() - start
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1]

must('ip', 'netns', 'add', HOST)
const netns = Netns.at(`/run/netns/${HOST}`)
const results = []
try {
  must('cc', '-O2', '-o', join(folder, 'ceiling'), fileURLToPath(new URL('ceiling.c', import.meta.url)))
  for (const count of [10_000, 100_000]) {
    const op = rowsOf(count)
    const batch = join(folder, 'batch')
    writeFileSync(batch, `${printOp(op).split('\n').slice(1, -1).join('\n')}\n`)
    const contenders = {
      libcnm: () => timed(() => apply([netns], [op])),
      'bridge -batch': () => timed(() => must('ip', 'netns', 'exec', HOST, 'bridge', '-batch', batch)),
      ceiling: (ifindex) => Number(must('ip', 'netns', 'exec', HOST, join(folder, 'ceiling'), String(ifindex), String(count))),
    }
    const times = Object.fromEntries(Object.keys(contenders).map((key) => [key, []]))
    for (let round = 0; round < ROUNDS; round++) {
      for (const [key, run] of Object.entries(contenders)) {
        const { ifindex } = await apply([netns], [{ op: 'link.add', name: 'vx0', kind: 'vxlan', vxlan: { id: 1, learning: false } }])
        times[key].push(await run(ifindex[0]))
        await apply([netns], [{ op: 'link.del', link: 'vx0' }])
      }
    }
    for (const [contender, all] of Object.entries(times)) {
      const ms = median(all)
      results.push({ bench: 'fdb', contender, count, ms, spread: [Math.min(...all), Math.max(...all)], perSecond: (count / ms) * 1000 })
    }
  }
} finally {
  netns.close()
  must('ip', 'netns', 'del', HOST)
  rmSync(folder, { recursive: true, force: true })
}
if (process.argv.includes('--json')) console.log(JSON.stringify(results, null, 2))
else {
  console.log(`${'bench'.padEnd(10)}${'contender'.padEnd(14)}  entries      ms      k/s   ms min–max    (medians of ${ROUNDS})`)
  for (const { bench, contender, count, ms, spread, perSecond } of results) {
    const figures = [String(count), ms.toFixed(1), (perSecond / 1000).toFixed(0)].map((text) => text.padStart(9)).join('')
    console.log(`${bench.padEnd(10)}${contender.padEnd(14)}${figures}   ${spread.map((value) => value.toFixed(1)).join('–')}`)
  }
}
