// Nodes of a swarm, each with a namespace and tables of its own, on three members of etcd: how soon all know of those who come, and how
// soon one who came is reached (reached.mjs).
import { setTimeout as pause } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { changePeers, setPeers } from '../dist/esm/lib/controller/overlay/peers.js'
import { open } from '../dist/esm/lib/index.js'
import { Members } from './etcd.mjs'
import { quantile, withBench } from './harness.mjs'
import { apart, hostsOf, reachedBy } from './reached.mjs'

// What was not collected yet is no cost.
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc')

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
      const nodes = []
      const hosts = hostsOf(bench, count)
      ends.push(...hosts.map(({ end }) => end))
      for (const { path, root, run } of hosts) {
        const known = new Known()
        const cnm = await open({ root, run, netns: path, peers: known })
        ends.push(async () => {
          for (const { id } of cnm.sandboxes()) await cnm.removeSandbox(id)
          await cnm.leaveSwarm({ force: true })
          await cnm.close()
        })
        if (nodes.length === 0) await cnm.initSwarm({ engine: etcd.engine })
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
    collect()
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
    collect()
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

const connecting = (cnm) => ({
  connect: (ip) => cnm.connect('live', { network: 'app', ip }),
  disconnect: () => cnm.disconnect('live', 'app'),
})

/** From the end of an attachment to the first answer on another host, each with a process of its own; and in one process. */
export const reached = async (rounds = 300) => [
  ...(await apart(async ({ cnms: [asker, comer], put }) => {
    const { path: from } = await asker.createSandbox({ networks: [{ network: 'app' }] })
    await comer.createSandbox({ networks: [{ network: 'app' }] })
    await comer.createSandbox({ name: 'live', networks: [] })
    const [puts, told] = [[], []]
    const { verbs, times } = await reachedBy({ ...connecting(comer), path: from }, rounds, async () => {
      const [answered, behind] = await put()
      puts.push(answered)
      told.push(behind)
    })
    return [
      row('reached', 'attach', verbs),
      row('reached', 'answer', times),
      { ...row('reached', 'put', puts), contender: 'etcd' },
      { ...row('reached', 'told', told), contender: 'etcd' },
    ]
  })),
  ...(await withNodes(2, async ([asking, coming]) => {
    const { path } = await asking.cnm.createSandbox({ networks: [{ network: 'app' }] })
    await coming.cnm.createSandbox({ networks: [{ network: 'app' }] })
    await coming.cnm.createSandbox({ name: 'live', networks: [] })
    const { verbs, times } = await reachedBy({ ...connecting(coming.cnm), path }, rounds)
    return [row('one process', 'attach', verbs), row('one process', 'answer', times)]
  })),
]
