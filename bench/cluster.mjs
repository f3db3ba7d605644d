// Many nodes in one process, on three real members of etcd: what a node's endpoints cost the others, and how soon they know.
import { setTimeout as pause } from 'node:timers/promises'
import { Cluster } from '../dist/esm/lib/cluster/cluster.js'
import { Etcd } from '../dist/esm/lib/cluster/etcd/etcd.js'
import { Member } from '../dist/esm/lib/cluster/member.js'
import { View } from '../dist/esm/lib/cluster/view.js'
import { Members } from './etcd.mjs'
import { quantile } from './harness.mjs'

const NODES = 8
const EACH = 250
const HEARTBEAT = 5

const etcd = await Members.start()
const engine = () => new Etcd(etcd.engine)
const show = (name, values) => {
  const sorted = values.toSorted((a, b) => a - b)
  console.log(
    `${name}: p50 ${quantile(sorted, 0.5).toFixed(1)} ms, p99 ${quantile(sorted, 0.99).toFixed(1)} ms, most ${sorted.at(-1).toFixed(1)} ms`,
  )
}

try {
  const swarm = {
    id: 's',
    created: '',
    secret: '',
    fingerprint: '',
    heartbeat: HEARTBEAT,
    dataPathPort: 4789,
    keyRotation: 43_200,
    pools: [],
  }
  const network = {
    ...{ id: 'net', name: 'app', driver: 'overlay', scope: 'swarm', created: '', internal: false, attachable: true, enableIPv4: true },
    ...{ enableIPv6: false, labels: {}, options: {}, ipam: { driver: 'default', options: {} }, pools: [] },
  }
  const nodes = Array.from({ length: NODES }, (_, n) => ({
    id: `node${n}`,
    name: `node${n}`,
    address: `10.99.0.${n}`,
    dataPath: `10.99.0.${n}`,
    joined: '',
    publicKey: '',
    wireguardKey: '',
  }))
  const founder = engine()
  const cluster = new Cluster(founder, new View())
  await cluster.found(swarm, nodes[0], [network])
  for (const node of nodes.slice(1)) while (!(await cluster.admit(node))) await cluster.refresh()
  founder.close()

  const published = new Map()
  const heard = []
  let missing = NODES * EACH * (NODES - 1)
  const { promise: done, resolve } = deferred()
  const agents = nodes.map((node) => {
    const hear = ({ came }) => {
      const now = performance.now()
      for (const { endpointId, nodeId } of came) {
        if (nodeId === node.id) continue
        heard.push([endpointId, now])
        if (--missing === 0) resolve()
      }
    }
    const ears = { hear, leased() {}, estranged() {}, contact() {}, removed() {} }
    const sleep = (ms, signal) => pause(ms, undefined, { signal })
    return { node, member: new Member({ engine: engine(), node: node.id, heartbeat: HEARTBEAT, sleep, ears }) }
  })
  await Promise.all(agents.map(({ member }) => member.start()))
  globalThis.gc?.()
  const before = process.memoryUsage()

  const began = performance.now()
  const verbs = []
  await Promise.all(
    agents.map(async ({ node, member }, n) => {
      for (let i = 0; i < EACH; i++) {
        const endpointId = `${String(n).padStart(2, '0')}${String(i).padStart(4, '0')}`.padEnd(64, 'f')
        const endpoint = {
          ...{ endpointId, networkId: 'net', nodeId: node.id, vtep: node.dataPath, sandbox: `s${n}-${i}` },
          ...{
            mac: `02:00:00:00:${n.toString(16).padStart(2, '0')}:${(i % 256).toString(16).padStart(2, '0')}`,
            address: `10.0.${n}.${i + 2}/16`,
          },
        }
        const start = performance.now()
        await member.leased((lease) => member.cluster.publish([endpoint], lease))
        const end = performance.now()
        verbs.push(end - start)
        published.set(endpointId, end)
      }
    }),
  )
  const joined = performance.now()
  await done
  const converged = performance.now()
  globalThis.gc?.()
  const after = process.memoryUsage()
  console.log(`${NODES} nodes with ${EACH} endpoints each, on three members of etcd, all at once`)
  console.log(
    `all published after ${((joined - began) / 1000).toFixed(2)} s, all known everywhere ${(converged - joined).toFixed(1)} ms later`,
  )
  show('one publication (a transaction)', verbs)
  show(
    'known to another node, after it returned',
    heard.map(([id, time]) => Math.max(0, time - published.get(id))),
  )
  const bytes = (after.heapUsed - before.heapUsed) / (NODES * NODES * EACH)
  console.log(`memory: ${bytes.toFixed(0)} bytes of heap per endpoint per node${globalThis.gc ? '' : ' (with --expose-gc it is exact)'}`)
  for (const { member } of agents) await member.close()
} finally {
  etcd.end()
}

function deferred() {
  let resolve
  const promise = new Promise((settle) => (resolve = settle))
  return { promise, resolve }
}
