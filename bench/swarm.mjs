// Nodes of a swarm in one process, each with a controller, a namespace and tables of its own, on three members of etcd: how soon all
// know of those who come, and how soon one who came is reached.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { changePeers, setPeers } from '../dist/esm/lib/controller/overlay/peers.js'
import { open } from '../dist/esm/lib/index.js'
import { Members } from './etcd.mjs'
import { must, quantile, withBench } from './harness.mjs'
import { sandboxOf } from './peers.mjs'

/** Writes down when an endpoint's rows were in the tables of a node. */
class Known {
  #when = new Map()

  get size() {
    return this.#when.size
  }

  at(id) {
    return this.#when.get(id)
  }

  #stamp(peers) {
    const now = performance.now()
    for (const { endpointId } of peers) if (!this.#when.has(endpointId)) this.#when.set(endpointId, now)
  }

  async set(hall, network, peers) {
    await setPeers(hall, network, peers)
    this.#stamp(peers)
  }

  async change(hall, network, gone, came) {
    await changePeers(hall, network, gone, came)
    this.#stamp(came)
  }
}

/** `work` gets the controllers, and of each what it knows. */
const withNodes = (count, work) =>
  withBench(async (bench) => {
    const etcd = await Members.start()
    const ends = [() => etcd.end()]
    try {
      bench.run('ip', 'link', 'add', 'sw', 'type', 'bridge')
      bench.run('ip', 'link', 'set', 'sw', 'up')
      const nodes = []
      for (let n = 0; n < count; n++) {
        const space = sandboxOf(bench, `n${n}`)
        ends.push(space.end)
        const name = space.path.split('/').at(-1)
        must('ip', '-n', bench.name, 'link', 'add', `port${n}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
        must('ip', '-n', bench.name, 'link', 'set', `port${n}`, 'master', 'sw', 'up')
        must('ip', '-n', name, 'addr', 'add', `10.98.0.${n + 1}/24`, 'dev', 'eth0')
        for (const link of ['lo', 'eth0']) must('ip', '-n', name, 'link', 'set', link, 'up')
        const known = new Known()
        const folder = join(bench.folder, `n${n}`)
        const cnm = await open({ root: join(folder, 'root'), run: join(folder, 'run'), netns: space.path, peers: known })
        ends.push(async () => {
          for (const { id } of cnm.sandboxes()) await cnm.removeSandbox(id)
          await cnm.leaveSwarm({ force: true })
          await cnm.close()
        })
        if (n === 0) await cnm.initSwarm({ engine: etcd.engine })
        else await cnm.joinSwarm({ engine: etcd.engine, token: await nodes[0].cnm.joinToken() })
        nodes.push({ cnm, known })
      }
      const config = [{ subnet: '10.7.0.0/16' }]
      await nodes[0].cnm.createNetwork({ name: 'app', driver: 'overlay', attachable: true, internal: true, ipam: { config } })
      for (const { cnm } of nodes) while (!cnm.networks().some(({ name }) => name === 'app')) await pause(10)
      return await work(nodes)
    } finally {
      for (const end of ends.reverse()) await end()
    }
  })

const row = (bench, what, values, note = '') => {
  const sorted = values.toSorted((a, b) => a - b)
  const text = ['p50', 'p99', 'most'].map((name, n) => `${name} ${quantile(sorted, [0.5, 0.99, 1][n]).toFixed(1)} ms`).join(', ')
  return { bench, what, contender: 'libcnm', value: quantile(sorted, 0.99), note: `${text}${note}` }
}

/** Everybody comes at once: from an attachment's end until its rows are in the tables of each other node. */
export const joins = (count = 8, each = 250) =>
  withNodes(count, async (nodes) => {
    for (const { cnm } of nodes) await cnm.createSandbox({ networks: [{ network: 'app' }] })
    while (nodes.some(({ known }) => known.size < count - 1)) await pause(10)
    globalThis.gc?.()
    const before = process.memoryUsage().heapUsed
    const [attached, verbs] = [new Map(), []]
    const began = performance.now()
    await Promise.all(
      nodes.map(async ({ cnm }, n) => {
        for (let i = 1; i < each; i++) {
          const start = performance.now()
          const { id } = await cnm.createSandbox({ networks: [{ network: 'app' }] })
          const end = performance.now()
          verbs.push(end - start)
          attached.set(cnm.seats(id)[0].endpoint.id, { n, end })
        }
      }),
    )
    const joined = performance.now()
    const all = count * each
    while (nodes.some(({ known }) => known.size < all - each)) await pause(1)
    const seconds = `${all} endpoints in ${((joined - began) / 1000).toFixed(1)} s, all known ${(performance.now() - joined).toFixed(0)} ms later`
    const times = nodes.flatMap(({ known }, n) =>
      [...attached].filter(([, own]) => own.n !== n).map(([id, { end }]) => Math.max(0, known.at(id) - end)),
    )
    globalThis.gc?.()
    const bytes = (process.memoryUsage().heapUsed - before) / (count * all)
    const verified = await Promise.all(nodes.map(({ cnm }) => cnm.verify('app')))
    if (verified.some(({ rows, differences }) => differences.length > 0 || rows !== 2 * (all - each))) throw new Error('tables differ')
    const bench = `${count} nodes × ${each}`
    return [
      row(bench, 'attach', verbs, `; ${seconds}`),
      row(bench, 'known', times, ''),
      { bench, what: 'memory', contender: 'libcnm', value: bytes, note: `${bytes.toFixed(0)} bytes of heap per endpoint and node` },
    ]
  })

/** Answers to echo requests, each at its moment. */
async function* answers(path, address) {
  const child = spawn('nsenter', [`--net=${path}`, '--', 'ping', '-D', '-n', '-i', '0.002', address])
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const [, seconds] = /^\[([\d.]+)\] \d+ bytes from .* time=/.exec(line) ?? []
      if (seconds) yield 1000 * Number(seconds)
    }
  } finally {
    child.kill('SIGKILL')
    await once(child, 'close')
  }
}

/** A sandbox that lives is connected, and another node asks all the time: from the end of its attachment to the first answer. */
export const reached = (rounds = 200) =>
  withNodes(2, async ([asking, coming]) => {
    const { path } = await asking.cnm.createSandbox({ networks: [{ network: 'app' }] })
    await coming.cnm.createSandbox({ networks: [{ network: 'app' }] })
    await coming.cnm.createSandbox({ name: 'live', networks: [] })
    const [verbs, times] = [[], []]
    for (let round = 0; round < rounds; round++) {
      const ip = `10.7.200.${1 + (round % 250)}`
      const heard = answers(path, ip)
      const first = heard.next()
      await pause(30)
      const start = performance.now()
      await coming.cnm.connect('live', { network: 'app', ip })
      const end = performance.now()
      verbs.push(end - start)
      times.push(Math.max(0, (await first).value - (performance.timeOrigin + end)))
      await heard.return()
      await coming.cnm.disconnect('live', 'app')
    }
    return [row('reached', 'attach', verbs), row('reached', 'answer', times)]
  })
