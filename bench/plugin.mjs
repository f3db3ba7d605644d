// What it costs to be a plugin: the round trip of a Join with 1, 16 and 64 of them in flight; and the verbs of a docker whose
// networks are ours, beside those of the same docker whose networks are its own.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as rest } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { PluginClient } from '../dist/esm/lib/plugins/client.js'
import { contest, quantile, show, timed, withBench } from './harness.mjs'
import { dockerd } from './peers.mjs'

const CNM = fileURLToPath(new URL('../dist/cli/main.cjs', import.meta.url))
const ENDPOINTS = 256
const ROUNDS = 15

/** `cnm serve` in a namespace, with its sockets in `plugins`. */
async function serve(bench, netns, plugins) {
  const place = ['--root', join(bench.folder, 'root'), '--run', join(bench.folder, 'run'), '--plugin-dir', plugins]
  const child = spawn('nsenter', [`--net=${netns}`, '--', process.execPath, CNM, 'serve', ...place], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  return async () => {
    child.kill()
    await once(child, 'exit')
  }
}

/** `work` for each, `width` at a time; milliseconds of each. */
async function inFlight(width, all, work) {
  const rest = [...all]
  const times = []
  const worker = async () => {
    for (let one = rest.pop(); one; one = rest.pop()) {
      const it = one
      times.push(await timed(() => work(it)))
    }
  }
  await Promise.all(Array.from({ length: width }, worker))
  return times.sort((a, b) => a - b)
}

const newId = () => randomBytes(32).toString('hex')

async function roundTrip(socket) {
  const client = new PluginClient({ address: `unix://${socket}` })
  const ask = async (method, body) => {
    const { status, text } = await client.send(method, body, { timeout: 60_000 })
    if (status !== 200) throw new Error(`${method}: ${text}`)
    return JSON.parse(text)
  }
  const pool = { AddressSpace: 'LocalDefault', Pool: '10.72.0.0/16', Gateway: '10.72.0.1/16' }
  const NetworkID = newId()
  await ask('NetworkDriver.CreateNetwork', { NetworkID, Options: {}, IPv4Data: [pool], IPv6Data: [] })
  const endpoints = Array.from({ length: ENDPOINTS }, () => ({ NetworkID, EndpointID: newId() }))
  for (const [n, endpoint] of endpoints.entries())
    await ask('NetworkDriver.CreateEndpoint', { ...endpoint, Interface: { Address: `10.72.${1 + (n >> 8)}.${n & 255}/16` }, Options: {} })
  for (const width of [1, 16, 64]) {
    const joins = await inFlight(width, endpoints, (ids) => ask('NetworkDriver.Join', { ...ids, SandboxKey: '/x', Options: {} }))
    await inFlight(width, endpoints, (ids) => ask('NetworkDriver.Leave', ids))
    const at = (share) => quantile(joins, share).toFixed(2)
    console.log(`Join, ${String(width).padStart(2)} in flight: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`)
  }
  for (const endpoint of endpoints) await ask('NetworkDriver.DeleteEndpoint', endpoint)
  await ask('NetworkDriver.DeleteNetwork', { NetworkID })
}

async function verbs(daemon) {
  const networks = {
    libcnm: { Name: 'ours', Driver: 'cnm', IPAM: { Driver: 'default', Config: [{ Subnet: '10.75.0.0/16' }] } },
    'libcnm, IPAM too': { Name: 'all-ours', Driver: 'cnm', IPAM: { Driver: 'cnm', Config: [{ Subnet: '10.73.0.0/16' }] } },
    'dockerd bridge': { Name: 'theirs', Driver: 'bridge', IPAM: { Driver: 'default', Config: [{ Subnet: '10.74.0.0/16' }] } },
  }
  for (const network of Object.values(networks)) await daemon.call('POST', '/networks/create', network)
  // The first of a turn does not count (see contest), and what is deleted behind is not to be the next one's burden.
  const alone = async (work) => {
    await work()
    const measured = await work()
    await rest(200)
    return measured
  }
  const over = (work) =>
    Object.fromEntries(Object.entries(networks).map(([contender, { Name }]) => [contender, () => alone(() => work(Name))]))
  const rounds = { rounds: ROUNDS, warmUp: 2 }
  const connect = await contest({
    bench: 'docker connect',
    ...rounds,
    contenders: over(async (name) => ({
      up: await timed(() => daemon.call('POST', `/networks/${name}/connect`, { Container: 'bench' })),
      down: await timed(() => daemon.call('POST', `/networks/${name}/disconnect`, { Container: 'bench' })),
    })),
  })
  const run = await contest({
    bench: 'docker run',
    ...rounds,
    contenders: over(async (name) => ({
      up: await timed(async () => {
        const container = { Image: 'bench:1', Cmd: ['/bin/sleep', '1000'], HostConfig: { NetworkMode: name } }
        const { Id } = await daemon.call('POST', `/containers/create?name=${name}`, container)
        await daemon.call('POST', `/containers/${Id}/start`)
      }),
      down: await timed(() => daemon.call('DELETE', `/containers/${name}?force=1`)),
    })),
  })
  for (const { Name } of Object.values(networks)) await daemon.call('DELETE', `/networks/${Name}`)
  show([...connect, ...run])
}

await withBench(async (bench) => {
  const plugins = join(bench.folder, 'plugins')
  mkdirSync(plugins)
  const daemon = await dockerd(bench, { plugins })
  const end = await serve(bench, daemon?.netns ?? bench.netns.path, plugins)
  try {
    await roundTrip(join(plugins, 'cnm-bridge.sock'))
    if (daemon) await verbs(daemon)
    else console.log('dockerd: not installed (npm run bench:peers)')
  } finally {
    await daemon?.end()
    await end()
  }
})
