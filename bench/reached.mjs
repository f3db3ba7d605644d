// How soon one who comes is reached from another host: hosts with `cnm serve` and a member of etcd each.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { reach } from '../dist/esm/lib/server/client/remote.js'
import { daemon } from './daemon.mjs'
import { Members } from './etcd.mjs'
import { must, withBench } from './harness.mjs'
import { sandboxOf } from './peers.mjs'

/** Namespaces on a switch, 10.98.0.N, N from 1. */
export function hostsOf(bench, count) {
  bench.run('ip', 'link', 'add', 'sw', 'type', 'bridge')
  bench.run('ip', 'link', 'set', 'sw', 'up')
  return Array.from({ length: count }, (_, n) => {
    const { path, end } = sandboxOf(bench, `n${n}`)
    const name = path.split('/').at(-1)
    const host = `10.98.0.${n + 1}`
    must('ip', '-n', bench.name, 'link', 'add', `port${n}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
    must('ip', '-n', bench.name, 'link', 'set', `port${n}`, 'master', 'sw', 'up')
    must('ip', '-n', name, 'addr', 'add', `${host}/24`, 'dev', 'eth0')
    for (const link of ['lo', 'eth0']) must('ip', '-n', name, 'link', 'set', link, 'up')
    const folder = join(bench.folder, `n${n}`)
    return { path, host, root: join(folder, 'root'), run: join(folder, 'run'), end }
  })
}

/** Echo requests that go all the time. */
function asking(path, address) {
  const child = spawn('nsenter', [`--net=${path}`, '--', 'ping', '-D', '-n', '-i', '0.001', address])
  const lines = createInterface({ input: child.stdout })
  return {
    /** When the first one was answered, in ms of the time of day. */
    first: new Promise((resolve) =>
      lines.on('line', (line) => {
        const [, seconds] = /^\[([\d.]+)\] \d+ bytes from .* time=/.exec(line) ?? []
        if (seconds) resolve(1000 * Number(seconds))
      }),
    ),
    async end() {
      child.kill('SIGKILL')
      await once(child, 'close')
    },
  }
}

/** The time of day, finer than Date.now() and after whatever has moved the clock since this process began. */
function timeOfDay() {
  const now = Date.now()
  for (;;) {
    const next = Date.now()
    // It has just struck.
    if (next !== now) return { day: next, clock: performance.now() }
  }
}

/**
 * A sandbox that lives is connected, and another host asks all the time: from the end of its attachment to the first answer. All of
 * these hosts have one kernel: what the last round has left to be deleted goes first.
 */
export async function reachedBy({ connect, disconnect, path }, rounds, each = async () => {}) {
  const [verbs, times] = [[], []]
  for (let round = 0; round < rounds; round++) {
    const ip = `10.7.200.${1 + (round % 250)}`
    const asked = asking(path, ip)
    await pause(150)
    const start = performance.now()
    await connect(ip)
    const end = performance.now()
    const { day, clock } = timeOfDay()
    verbs.push(end - start)
    times.push(Math.max(0, (await asked.first) - day + (clock - end)))
    await asked.end()
    await disconnect()
    await each()
  }
  return { verbs, times }
}

const PUT = fileURLToPath(new URL('put.mjs', import.meta.url))

/** What etcd itself takes, as a program on a host sees it. */
async function etcdFrom(path, engine) {
  const child = spawn('nsenter', [`--net=${path}`, '--', process.execPath, PUT, engine], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  await lines.next()
  return {
    async put() {
      child.stdin.write('\n')
      return JSON.parse((await lines.next()).value)
    },
    async end() {
      child.stdin.end()
      await once(child, 'close')
    },
  }
}

/** Three hosts, of which one asks and one has the sandbox. */
export const apart = (work) =>
  withBench(async (bench) => {
    const ends = []
    try {
      const hosts = hostsOf(bench, 3)
      const etcd = new Members(hosts)
      ends.push(...hosts.map(({ end }) => end), () => etcd.end())
      const cnms = []
      for (const host of hosts) {
        const { socket, end } = await daemon(bench, host)
        ends.push(end)
        const cnm = await reach({ path: socket })
        ends.push(async () => {
          for (const { id } of cnm.sandboxes()) await cnm.removeSandbox(id)
          await cnm.leaveSwarm({ force: true })
          await cnm.close()
        })
        cnms.push(cnm)
      }
      const [first, second, third] = cnms
      const { engine } = etcd
      while (
        !(await first.initSwarm({ engine }).then(
          () => true,
          () => false,
        ))
      )
        await pause(200)
      for (const cnm of [second, third]) await cnm.joinSwarm({ engine, token: await first.joinToken() })
      const config = [{ subnet: '10.7.0.0/16' }]
      await first.createNetwork({ name: 'app', driver: 'overlay', attachable: true, internal: true, ipam: { config } })
      const put = await etcdFrom(hosts[2].path, engine)
      ends.push(put.end)
      return await work({ cnms, put: put.put })
    } finally {
      for (const end of ends.reverse()) await end()
    }
  })
