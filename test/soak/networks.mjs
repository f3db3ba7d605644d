// npm run soak:networks [COUNT]: as many networks as one host can have by default, made, listed and removed by one process. Each
// has its bridge and its rules; afterwards nothing may be left. Says how far it is, and what it took.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { open } from '../../dist/esm/lib/index.js'

const COUNT = Number(process.argv[2] ?? 4_000)
const EVERY = 250
const CNM = fileURLToPath(new URL('../../dist/cli/main.cjs', import.meta.url))

function must(...argv) {
  const { status, stdout, stderr } = spawnSync(argv[0], argv.slice(1), { encoding: 'utf8', maxBuffer: 2 ** 28 })
  if (status !== 0) throw new Error(`${argv.join(' ')}: ${stderr}`)
  return stdout
}

const name = `cnmsoak${process.pid}`
const folder = mkdtempSync(join(tmpdir(), 'cnm-soak-'))
const place = { root: join(folder, 'root'), run: join(folder, 'run'), netns: `/run/netns/${name}` }
const links = () => must('ip', '-n', name, '-o', 'link').split('\n').filter(Boolean).length
const rules = () => must('ip', 'netns', 'exec', name, 'nft', 'list', 'ruleset')

async function timed(what, work) {
  const start = performance.now()
  const answer = await work()
  console.error(`${what}: ${((performance.now() - start) / 1000).toFixed(2)} s`)
  return answer
}

/** One after the other; a line for each EVERY. */
async function each(what, verb) {
  let since = performance.now()
  for (let n = 0; n < COUNT; n++) {
    await verb(n)
    if ((n + 1) % EVERY > 0) continue
    console.error(`${what} ${n + 1} of ${COUNT}: ${((performance.now() - since) / EVERY).toFixed(1)} ms each`)
    since = performance.now()
  }
}

must('ip', 'netns', 'add', name)
try {
  const before = { links: links(), rules: rules() }
  const cnm = await open(place)
  const subnets = new Set()
  await timed('created', () =>
    each('created', async (n) => {
      const { pools } = await cnm.createNetwork({ name: `n${n}` })
      subnets.add(pools[0].subnet)
    }),
  )
  await cnm.close()
  const cnmCommand = ['ip', 'netns', 'exec', name, process.execPath, CNM, '--root', place.root, '--run', place.run]
  const listed = await timed(
    'cnm network ls',
    () =>
      must(...cnmCommand, 'network', 'ls', '-q')
        .trim()
        .split('\n').length,
  )
  const again = await timed('opened', () => open(place))
  await timed('removed', () => each('removed', (n) => again.removeNetwork(`n${n}`)))
  await timed('closed', () => again.close())
  const after = { links: links(), rules: rules() }
  const left = after.links - before.links + Number(after.rules !== before.rules)
  console.log(
    JSON.stringify({ networks: COUNT, subnets: subnets.size, listed, left, megabytes: Math.round(process.memoryUsage().rss / 1e6) }),
  )
  process.exitCode = left === 0 && subnets.size === COUNT && listed === COUNT + 3 ? 0 : 1
} finally {
  must('ip', 'netns', 'del', name)
  rmSync(folder, { recursive: true, force: true })
}
