// What a million forwarding entries cost the process that adds, reads and deletes them, over the idle process: resident
// memory at its highest (VmHWM) and afterwards.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { apply, dumpColumns } from '../dist/esm/lib/netlink/kernel.js'
import { Netns } from '../dist/esm/lib/netlink/namespace.js'
import { must, withBench } from './harness.mjs'
import { columnsOf } from './rows.mjs'

const COUNT = 1_000_000
const link = 'vx0'

function resident() {
  const status = readFileSync('/proc/self/status', 'utf8')
  const of = (name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024
  return { high: of('VmHWM'), now: of('VmRSS') }
}

/** In a process of its own. */
async function measure(path, what) {
  const netns = Netns.at(path)
  const make = { op: 'link.add', name: link, kind: 'vxlan', vxlan: { id: 1, learning: false } }
  await apply([netns], what === 'dump' ? [] : [make])
  const idle = resident().now
  if (what === 'dump') {
    await dumpColumns(netns, 'fdb', { link })
  } else {
    const { macs, addresses } = columnsOf(COUNT)
    const op = { link, family: 4, macs, dsts: addresses }
    await apply([netns], [{ ...op, op: 'fdb.addMany' }])
    if (what === 'refused') await apply([netns], [{ ...op, op: 'fdb.addMany' }]).catch(() => {})
  }
  const { high, now } = resident()
  console.log(JSON.stringify({ high: high - idle, now: now - idle }))
  netns.close()
}

export const memory = () =>
  withBench(async (bench) => {
    return ['add', 'dump', 'refused'].map((what) => {
      if (what === 'refused') bench.run('ip', 'link', 'del', link)
      const { high, now } = JSON.parse(must(process.execPath, fileURLToPath(import.meta.url), bench.netns.path, what))
      return {
        bench: 'fdb 1,000,000',
        what,
        contender: 'libcnm',
        high,
        now,
        note: `${high.toFixed(0)} MB at most, ${now.toFixed(0)} after`,
      }
    })
  })

if (process.argv[1] === fileURLToPath(import.meta.url)) await measure(process.argv[2], process.argv[3])
