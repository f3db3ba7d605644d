// What attaching costs: a sandbox on a bridge network, made and removed, by libcnm and by iproute2's commands.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open } from '../dist/esm/lib/index.js'

const ROUNDS = 15
const WARM_UP = 2
const HOST = `cnmbench${process.pid}`
const folder = mkdtempSync(join(tmpdir(), 'cnm-bench-'))
const json = process.argv.includes('--json')
const only = process.argv.slice(2).find((argument) => !argument.startsWith('-'))

function must(...argv) {
  const { status, stderr } = spawnSync(argv[0], argv.slice(1), { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${argv.join(' ')}: ${stderr}`)
}
const ip = (...argv) => must('ip', '-n', HOST, ...argv)

must('ip', 'netns', 'add', HOST)
const cnm = await open({ root: join(folder, 'root'), run: join(folder, 'run'), netns: `/run/netns/${HOST}` })
await cnm.createNetwork({ name: 'bench', ipam: { config: [{ subnet: '10.0.0.0/16' }] } })
const bridge = `br-${cnm.network('bench').id.slice(0, 12)}`

const benches = {
  attach: {
    libcnm: {
      up: () => cnm.createSandbox({ name: 's', networks: [{ network: 'bench' }] }),
      down: () => cnm.removeSandbox('s'),
    },
    'ip commands': {
      up() {
        must('ip', 'netns', 'add', `${HOST}s`)
        ip('link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', `${HOST}s`)
        ip('link', 'set', 'v0', 'master', bridge, 'up')
        for (const argv of ['link set lo up', 'addr add 10.0.9.9/16 dev eth0', 'link set eth0 up', 'route add default via 10.0.0.1']) {
          must('ip', '-n', `${HOST}s`, ...argv.split(' '))
        }
      },
      down() {
        ip('link', 'del', 'v0')
        must('ip', 'netns', 'del', `${HOST}s`)
      },
    },
  },
  connect: {
    libcnm: {
      before: () => cnm.createSandbox({ name: 'live', networks: [] }),
      up: () => cnm.connect('live', { network: 'bench' }),
      down: () => cnm.disconnect('live', 'bench'),
      after: () => cnm.removeSandbox('live'),
    },
  },
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1]

async function timed(work) {
  const start = performance.now()
  await work()
  return performance.now() - start
}

const results = []
try {
  for (const [name, contenders] of Object.entries(benches).filter(([key]) => !only || key === only)) {
    const times = Object.fromEntries(Object.keys(contenders).map((key) => [key, { up: [], down: [] }]))
    for (const contender of Object.values(contenders)) await contender.before?.()
    for (let round = 0; round < WARM_UP + ROUNDS; round++) {
      for (const [key, { up, down }] of Object.entries(contenders)) {
        const sample = { up: await timed(up), down: await timed(down) }
        if (round >= WARM_UP) for (const way of ['up', 'down']) times[key][way].push(sample[way])
      }
    }
    for (const contender of Object.values(contenders)) await contender.after?.()
    for (const [contender, { up, down }] of Object.entries(times)) {
      results.push({ bench: name, contender, up: median(up), down: median(down), upSpread: [Math.min(...up), Math.max(...up)] })
    }
  }
} finally {
  for (const { id } of cnm.sandboxes()) await cnm.removeSandbox(id)
  await cnm.removeNetwork('bench')
  await cnm.close()
  must('ip', 'netns', 'del', HOST)
  rmSync(folder, { recursive: true, force: true })
}
if (json) console.log(JSON.stringify(results, null, 2))
else {
  const show = (value) => value.toFixed(1).padStart(8)
  console.log(`${'bench'.padEnd(10)}${'contender'.padEnd(14)}   up ms  down ms   up min–max    (medians of ${ROUNDS})`)
  for (const { bench, contender, up, down, upSpread } of results) {
    console.log(
      `${bench.padEnd(10)}${contender.padEnd(14)}${show(up)}${show(down)}   ${upSpread.map((value) => value.toFixed(1)).join('–')}`,
    )
  }
}
