// npm run bench [NAME] [--json]: one of the benches, or all of them.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { dumps } from './dumps.mjs'
import { engine } from './engine.mjs'
import { group } from './group.mjs'
import { show } from './harness.mjs'
import { macvlan } from './macvlan.mjs'
import { memory } from './memory.mjs'
import { connectOverlay, peers, raiseOverlay, stream } from './overlay.mjs'
import { rows } from './rows.mjs'
import { networks, published, removal } from './scale.mjs'
import { start } from './start.mjs'
import { joins, reached } from './swarm.mjs'
import { attach, connect, network } from './verbs.mjs'

const BENCHES = {
  fdb: async () => [...(await rows('fdb', 10_000, 7)), ...(await rows('fdb', 100_000, 7)), ...(await rows('fdb', 1_000_000, 5))],
  route: async () => [...(await rows('route', 10_000, 7)), ...(await rows('route', 100_000, 7))],
  neigh: async () => [...(await rows('neigh', 10_000, 7)), ...(await rows('neigh', 100_000, 7))],
  dump: dumps,
  group,
  memory,
  attach,
  connect,
  macvlan,
  network,
  engine,
  networks,
  ports: published,
  removal,
  stream,
  peers,
  overlay: async () => [...(await connectOverlay()), ...(await raiseOverlay())],
  swarm: async () => [...(await joins()), ...(await reached())],
  start,
  // Files that print for themselves.
  threads: () => import('./threads.mjs'),
  busy: () => import('./busy.mjs'),
  ipam: () => import('./ipam.mjs'),
  plugin: () => import('./plugin.mjs'),
  cluster: () => import('./cluster.mjs'),
}

const name = process.argv.slice(2).find((argument) => !argument.startsWith('-'))
if (name && !(name in BENCHES)) throw new Error(`no bench is called ${name}; there are ${Object.keys(BENCHES).join(', ')}`)

const contenders = fileURLToPath(new URL('contenders', import.meta.url))
if (!existsSync(`${contenders}/node_modules`))
  spawnSync('npm', ['install', '--no-audit', '--no-fund', '--no-package-lock'], { cwd: contenders })

const asJson = process.argv.includes('--json')
const results = []
for (const run of name ? [BENCHES[name]] : Object.values(BENCHES)) {
  const answer = await run()
  if (!Array.isArray(answer)) continue
  results.push(...answer)
  if (!asJson) show(answer)
}
if (asJson) console.log(JSON.stringify(results, null, 2))
