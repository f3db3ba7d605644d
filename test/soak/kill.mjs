// npm run soak:kill [ROUNDS] [SEED]: in each round `cnm` processes and one program with the library do random things to a host at
// once, and are killed at a random moment. Whoever comes next finds records and kernel in agreement, and nothing left behind. A
// seed gives the same verbs and the same moments; what they meet depends on the machine.

import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { examine, open } from '../../dist/esm/lib/index.js'

const ROUNDS = Number(process.argv[2] ?? 1000)
const SEED = Number(process.argv[3] ?? Date.now() % 1_000_000)
const CNM = fileURLToPath(new URL('../../dist/cli/main.cjs', import.meta.url))
const PROGRAM = fileURLToPath(new URL('program.mjs', import.meta.url))
const PROCESSES = 2
const VERBS = 6
/** ms from when the program has a controller: by then it has done its verbs, and others have had their turn. */
const LATEST = 300
/** A process of the command line may have had its turn before. */
const PATIENCE = 2000
const NAMES = ['red', 'green', 'blue', 'black', 'white', 'grey']

/** Park and Miller's: enough to be the same again. */
function randomFrom(seed) {
  let state = (seed % 2_147_483_646) + 1
  const next = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
  const below = (count) => Math.floor(next() * count)
  return { below, pick: (list) => list[below(list.length)] }
}

function must(...argv) {
  const { status, stdout, stderr } = spawnSync(argv[0], argv.slice(1), { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${argv.join(' ')}: ${stderr}`)
  return stdout
}

/** What may be asked for, as the command line has it; names are few, so that verbs get into one another's way. */
const verbs = (random) => {
  const [net, other, box] = [random.pick(NAMES), random.pick(NAMES), random.pick(NAMES)]
  const port = 8000 + random.below(4)
  return random.pick([
    ['network', 'create', net],
    ['network', 'create', ...(random.below(2) ? ['--ipv6'] : []), ...(random.below(4) ? [] : ['--internal']), net],
    ['network', 'rm', net],
    ['network', 'connect', '--gw-priority', String(random.below(3)), net, box],
    ['network', 'disconnect', net, box],
    ['network', 'prune', '-f'],
    ['sandbox', 'create', '--name', box, '--network', net, '-p', `${port}:80`],
    ['sandbox', 'create', '--name', box, '--network', net, '--network', other],
    ['sandbox', 'create', '--name', box],
    ['sandbox', 'create', '--name', box, '--network', net],
    ['sandbox', 'rm', box],
    ['run', '--network', net, '--', 'sleep', '0.05'],
    ['firewall', 'reload'],
    ['repair'],
  ])
}

/** A host of its own, far from the machine's. */
class Host {
  name = `cnmk${process.pid}`
  path = `/run/netns/${this.name}`
  folder = mkdtempSync(join(tmpdir(), 'cnm-kill-'))
  options = { root: join(this.folder, 'root'), run: join(this.folder, 'run'), netns: this.path, wait: 0 }
  env = { ...process.env, CNM_ROOT: this.options.root, CNM_RUN: this.options.run }

  constructor() {
    must('ip', 'netns', 'add', this.name)
    must('ip', '-n', this.name, 'link', 'set', 'lo', 'up')
  }

  start(...argv) {
    const command = [`--net=${this.path}`, '--', process.execPath, ...argv]
    const child = spawn('nsenter', command, { env: this.env, stdio: ['ignore', 'pipe', 'ignore'] })
    return {
      child,
      ended: new Promise((resolve) => child.once('exit', resolve)),
      spoken: new Promise((resolve) => child.stdout.once('data', resolve)),
    }
  }

  /** Processes that are in one of our namespaces. */
  inhabitants() {
    const ours = new Set([this.path, ...this.sandboxes()].map((path) => `net:[${statSync(path).ino}]`))
    return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && ours.has(linkOf(`/proc/${pid}/ns/net`)))
  }

  sandboxes() {
    return readdirSync(join(this.options.run, 'netns')).map((name) => join(this.options.run, 'netns', name))
  }

  end() {
    for (const line of readFileSync('/proc/self/mounts', 'utf8').split('\n')) {
      const path = line.split(' ')[1] ?? ''
      if (path.startsWith(`${this.folder}/`)) must('umount', '-l', path)
    }
    must('ip', 'netns', 'del', this.name)
    rmSync(this.folder, { recursive: true })
  }
}

function linkOf(path) {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

/** Random verbs by several processes at once, all of them killed at one moment. */
async function disturb(host, random) {
  const lines = () => Array.from({ length: VERBS }, () => verbs(random))
  const started = [host.start(PROGRAM, JSON.stringify(lines()))]
  for (let n = 0; n < PROCESSES; n++) started.push(host.start(CNM, ...verbs(random)))
  await Promise.race([started[0].spoken, sleep(PATIENCE)])
  await sleep(random.below(LATEST))
  for (const { child } of started) child.kill('SIGKILL')
  await Promise.all(started.map(({ ended }) => ended))
}

/** What whoever comes next has to say of the host; nothing is as it should be. */
async function complaints(host) {
  const { findings } = await examine(host.options)
  const interrupted = findings.some(({ code }) => code === 'VERB_UNFINISHED' || code === 'OWNER_GONE')
  const cnm = await open(host.options)
  try {
    return { interrupted, left: [...(await cnm.findings()), ...differences(host, cnm), ...strangers(host)] }
  } finally {
    await cnm.close()
  }
}

/** How many there are in the sets, or maps, of those names. */
function elementsIn(rules, name) {
  const all = rules.matchAll(new RegExp(`${name.source}\\{[^}]*elements = \\{([^}]*)\\}`, 'g'))
  return Array.from(all, (match) => match.at(-1).split(',').length).reduce((sum, count) => sum + count, 0)
}

/** The same in the words of other witnesses: ip(8), nft(8), the files of namespaces. */
function differences(host, cnm) {
  const links = must('ip', '-n', host.name, '-o', 'link', 'show', 'group', '6516333').split('\n').filter(Boolean)
  const bridges = links.filter((line) => /^\d+: (br-|cnm0)/.test(line))
  const rules = must('ip', 'netns', 'exec', host.name, 'nft', 'list', 'ruleset')
  const sandboxes = cnm.sandboxes()
  const seats = sandboxes.flatMap(({ id }) => cnm.seats(id))
  const counts = {
    endpoints: [links.length - bridges.length, seats.length],
    namespaces: [host.sandboxes().length, sandboxes.length],
    walls: [elementsIn(rules, /set bridges /), bridges.length],
    chains: [(rules.match(/chain leaving\d_/g) ?? []).length, (rules.match(/set subnets\d_\d+ \{[^}]*elements = /g) ?? []).length],
    ports: [elementsIn(rules, /map address\d(_any)? /), sandboxes.flatMap(({ id }) => cnm.openings(id)).length],
    addresses: [new Set(seats.map(({ endpoint }) => endpoint.address)).size, seats.length],
  }
  return Object.entries(counts).flatMap(([what, [found, wanted]]) => (found === wanted ? [] : [`${found} ${what}, not ${wanted}`]))
}

const strangers = (host) => host.inhabitants().map((pid) => `process ${pid} is still there`)

async function main() {
  const random = randomFrom(SEED)
  const host = new Host()
  const begun = Date.now()
  let stopped = false
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => (stopped = true))
  const tally = { seed: SEED, rounds: 0, interrupted: 0 }
  try {
    for (; tally.rounds < ROUNDS && !stopped; tally.rounds++) {
      await disturb(host, random)
      const { interrupted, left } = await complaints(host)
      tally.interrupted += Number(interrupted)
      if (left.length > 0) throw new Error(`seed ${SEED}, round ${tally.rounds}: ${JSON.stringify(left)}`)
      if (process.stderr.isTTY) process.stderr.write(`\r${tally.rounds + 1}/${ROUNDS}`)
    }
    console.log(JSON.stringify({ ...tally, seconds: Math.round((Date.now() - begun) / 1000) }))
  } finally {
    host.end()
  }
}

await main()
