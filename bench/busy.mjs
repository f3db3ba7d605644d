// While somebody else keeps RTNL busy: how late the event loop is, and how long an aborted plan keeps its caller.
import { spawn, spawnSync } from 'node:child_process'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as pass } from 'node:timers/promises'
import { apply, applyLeniently } from '../dist/esm/lib/netlink/kernel.js'
import { Netns } from '../dist/esm/lib/netlink/namespace.js'
import { quantile } from './harness.mjs'

const SECONDS = 5
const NAMES = [`cnmbusy${process.pid}`, `cnmelse${process.pid}`]
for (const name of NAMES) spawnSync('ip', ['netns', 'add', name])
const netns = Netns.at(`/run/netns/${NAMES[0]}`)

/** Makes links and deletes them all at once, for which RTNL is held all the time. */
const churn =
  'links=$(seq 300 | sed "s/.*/link add v& group 9 type veth peer name w& group 9/"); while :; do echo "$links"; echo link del group 9; done'
const sorted = (values) => values.toSorted((a, b) => a - b)

const pairs = Array.from({ length: 1000 }, (_, n) => ({
  op: 'link.add',
  name: `v${n}`,
  kind: 'veth',
  group: 8,
  peer: { name: `w${n}`, group: 8 },
}))

async function measure(contender) {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  const applied = []
  const aborted = []
  delay.enable()
  for (let end = performance.now() + SECONDS * 1000; performance.now() < end; ) {
    const start = performance.now()
    await apply([netns], [{ op: 'link.set', link: 'lo', up: true }])
    applied.push(performance.now() - start)
    const controller = new AbortController()
    const stopped = apply([netns], pairs, { signal: controller.signal }).then(
      () => null,
      (reason) => reason,
    )
    await pass(5)
    const raised = performance.now()
    controller.abort()
    const reason = await stopped
    aborted.push(performance.now() - raised)
    await reason?.done
    await applyLeniently([netns], [{ op: 'link.del', group: 8 }])
  }
  delay.disable()
  const [plans, aborts] = [sorted(applied), sorted(aborted)]
  return {
    bench: 'busy',
    contender,
    loop: { p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 },
    plan: { p50: quantile(plans, 0.5), max: plans.at(-1) },
    abort: { count: aborts.length, p99: quantile(aborts, 0.99), max: aborts.at(-1) },
  }
}

/** How late the loop of a process is that does nothing: the machine's part. */
async function idle() {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  await pass(SECONDS * 1000)
  delay.disable()
  const none = { p50: Number.NaN, p99: Number.NaN, max: Number.NaN }
  return {
    bench: 'busy',
    contender: 'busy, idle',
    loop: { p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 },
    plan: none,
    abort: { ...none, count: 0 },
  }
}

const results = []
let other
try {
  results.push(await measure('RTNL free'))
  other = spawn('sh', ['-c', `(${churn}) | exec ip -n ${NAMES[1]} -batch -`], { stdio: 'ignore', detached: true })
  await pass(200)
  results.push(await measure('RTNL busy'))
  results.push(await idle())
} finally {
  if (other) process.kill(-other.pid)
  netns.close()
  for (const name of NAMES) spawnSync('ip', ['netns', 'del', name])
}
if (process.argv.includes('--json')) console.log(JSON.stringify(results, null, 2))
else {
  console.log('bench     contender     loop p99     max   plan p50     max   abort p99     max    (ms)')
  const show = (value, width) => (value ?? Number.NaN).toFixed(2).padStart(width)
  for (const { bench, contender, loop, plan, abort } of results) {
    const figures = [show(loop.p99, 8), show(loop.max, 8), show(plan.p50, 11), show(plan.max, 8), show(abort.p99, 12), show(abort.max, 8)]
    console.log(`${bench.padEnd(10)}${contender.padEnd(14)}${figures.join('')}`)
  }
}
