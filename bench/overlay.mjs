// Networks over two hosts: what goes through beside the underlay itself and beside dockerd's overlay, what a hundred thousand peers
// cost beside the kernel's own ceiling, and what an endpoint costs.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as pass } from 'node:timers/promises'
import { open } from '../dist/esm/lib/index.js'
import { apply } from '../dist/esm/lib/netlink/kernel.js'
import { contest, median, must, timed, withBench } from './harness.mjs'
import { dockerd, sandboxOf } from './peers.mjs'

const VNI = 'com.docker.network.driver.overlay.vxlanid_list'
const address = (n) => `10.98.0.${n}`

/** Two namespaces with a veth pair between them. */
function pair(bench, stem) {
  const spaces = [1, 2].map((n) => sandboxOf(bench, `${stem}${n}`))
  const names = spaces.map(({ path }) => path.split('/').at(-1))
  must('ip', 'link', 'add', 'eth0', 'netns', names[0], 'type', 'veth', 'peer', 'name', 'eth0', 'netns', names[1])
  names.forEach((name, index) => {
    must('ip', '-n', name, 'addr', 'add', `${address(index + 1)}/24`, 'dev', 'eth0')
    for (const link of ['lo', 'eth0']) must('ip', '-n', name, 'link', 'set', link, 'up')
  })
  return { paths: spaces.map(({ path }) => path), end: () => spaces.forEach(({ end }) => end()) }
}

/** A controller on each host of a pair, with one network over both; `work` gets them. */
async function withHosts(bench, work, { request = {} } = {}) {
  const hosts = pair(bench, 'u')
  const cnms = []
  try {
    for (const [index, netns] of hosts.paths.entries()) {
      const folder = join(bench.folder, `h${index}`)
      const place = { root: join(folder, 'root'), run: join(folder, 'run') }
      const cnm = await open({ ...place, netns, dataPath: { address: address(index + 1) } })
      cnms.push(cnm)
      await cnm.createNetwork({
        name: 'app',
        driver: 'overlay',
        options: { [VNI]: '4097' },
        ipam: { config: [{ subnet: '10.0.0.0/8' }] },
        ...request,
      })
    }
    return await work(cnms, hosts.paths)
  } finally {
    for (const cnm of cnms) {
      for (const { id } of cnm.sandboxes()) await cnm.removeSandbox(id)
      await cnm.close()
    }
    hosts.end()
  }
}

const peersAt = (cnm, vtep) =>
  cnm.guests('app').map(({ endpoint: { id, mac, address } }) => ({ endpointId: id, networkId: '', nodeId: vtep, vtep, mac, address }))

/** Docker's own overlay on two daemons of one swarm, with a container each; null where there is no dockerd. */
async function dockerOverlay(bench) {
  const hosts = pair(bench, 'd')
  const daemons = []
  const end = async () => {
    for (const daemon of daemons) await daemon.end()
    hosts.end()
  }
  try {
    for (const [index, path] of hosts.paths.entries()) {
      const daemon = await dockerd(bench, { name: `d${index}`, path })
      if (!daemon) return { end, missing: true }
      daemons.push(daemon)
    }
    const [first, second] = daemons
    await first.call('POST', '/swarm/init', { ListenAddr: `${address(1)}:2377`, AdvertiseAddr: address(1) })
    const { JoinTokens } = await first.call('GET', '/swarm')
    const joining = {
      ListenAddr: `${address(2)}:2377`,
      AdvertiseAddr: address(2),
      RemoteAddrs: [`${address(1)}:2377`],
      JoinToken: JoinTokens.Worker,
    }
    await second.call('POST', '/swarm/join', joining)
    await first.call('POST', '/networks/create', { Name: 'app', Driver: 'overlay', Attachable: true })
    const ends = []
    for (const daemon of daemons) {
      await daemon.call('POST', '/networks/app/connect', { Container: 'bench' })
      const { State, NetworkSettings } = await daemon.call('GET', '/containers/bench/json')
      ends.push({ path: `/proc/${State.Pid}/ns/net`, address: NetworkSettings.Networks.app.IPAddress })
    }
    return { from: ends[0].path, to: ends[1].path, address: ends[1].address, daemon: first, end }
  } catch (error) {
    await end()
    throw error
  }
}

const UNITS = { send: 'Gbit/s', ask: 'answers/s' }
const CALLED = { send: 'stream', ask: 'ask' }

/** A server in `to`, and what a client in `from` gets through to it; for one span of time, by what is wanted. */
async function through(program, { from, to, address }) {
  const server = spawn('nsenter', [`--net=${to}`, '--', program, 'serve', '5001'], { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((resolve) => server.stdout.once('data', resolve))
  const client = (what) => Number(must('nsenter', `--net=${from}`, '--', program, what, address, '5001', '200'))
  return { client, samples: { send: [], ask: [] }, end: () => server.kill('SIGKILL') }
}

/** Short turns, forth and back, and the median of each round's ratio: the machine's speed changes by the second, for all alike. */
export const stream = (rounds = 60) =>
  withBench((bench) =>
    withHosts(bench, async (cnms, paths) => {
      const program = bench.compile('stream')
      const boxes = []
      for (const [index, cnm] of cnms.entries())
        boxes.push(await cnm.createSandbox({ name: 's', networks: [{ network: 'app', ip: `10.0.0.${index + 10}` }] }))
      for (const [index, cnm] of cnms.entries()) await cnm.setPeers('app', peersAt(cnms[1 - index], address(2 - index)))
      const docker = await dockerOverlay(bench)
      const contenders = new Map()
      try {
        contenders.set('libcnm', await through(program, { from: boxes[0].path, to: boxes[1].path, address: '10.0.0.11' }))
        contenders.set('underlay', await through(program, { from: paths[0], to: paths[1], address: address(2) }))
        if (!docker.missing) contenders.set('dockerd', await through(program, docker))
        const turns = [...contenders.values()]
        for (let round = 0; round < rounds; round++)
          for (const what of ['send', 'ask'])
            for (const { client, samples } of round % 2 === 0 ? turns : turns.toReversed()) samples[what].push(client(what))
        const ours = contenders.get('libcnm').samples
        return [...contenders].flatMap(([contender, { samples }]) =>
          Object.entries(samples).map(([what, values]) => {
            const value = median(values)
            const ratio = median(values.map((theirs, round) => ours[what][round] / theirs))
            const beside = contender === 'libcnm' ? '' : `, libcnm × ${ratio.toFixed(2)}`
            const note = `${value} ${UNITS[what]} (${Math.min(...values)}–${Math.max(...values)})${beside}`
            return { bench: 'overlay stream', what: CALLED[what], contender, value, note }
          }),
        )
      } finally {
        for (const { end } of contenders.values()) end()
        await docker.end()
      }
    }),
  )

/** As ceiling.c has them: MAC address and address of row `row`; on a thousand hosts. */
const peer = (row) => {
  const low = [row >> 16, (row >> 8) & 255, row & 255]
  const mac = ['02', '00', '00', ...low.map((byte) => byte.toString(16).padStart(2, '0'))].join(':')
  return {
    endpointId: String(row),
    networkId: '',
    nodeId: 'h',
    vtep: `10.97.${low[1] % 4}.${low[2]}`,
    mac,
    address: `10.${low.join('.')}/8`,
  }
}

/** From the word of somebody to the kernel's last row; and the same rows from a program that does nothing else. */
export const peers = (count = 100_000, rounds = 5) =>
  withBench((bench) =>
    withHosts(bench, async ([cnm]) => {
      const ceiling = bench.compile('ceiling')
      const home = join(bench.folder, 'h0', 'run', 'netns', `net-${cnm.network('app').id.slice(0, 12)}`)
      const all = Array.from({ length: count }, (_, row) => peer(row))
      const raw = async () => {
        const link = 'vx0'
        const { ifindex } = await apply(
          [bench.netns],
          [{ op: 'link.add', name: link, kind: 'vxlan', vxlan: { id: 1, learning: false, proxy: true }, up: true }],
        )
        const add = ['fdb', 'neigh'].map((table) => Number(bench.run(ceiling, table, 'add', String(ifindex[0]), String(count))))
        await apply([bench.netns], [{ op: 'link.del', link }])
        return { told: add[0] + add[1] }
      }
      const ours = async () => {
        await cnm.createSandbox({ name: 's', networks: [{ network: 'app', ip: '10.255.0.1' }] })
        const told = await timed(() => cnm.setPeers('app', all))
        const again = await timed(() => cnm.setPeers('app', all))
        const verify = await timed(() => cnm.verify('app'))
        must('nsenter', `--net=${home}`, 'ip', 'neigh', 'flush', 'dev', 'vxlan0', 'nud', 'permanent')
        const repair = await timed(() => cnm.verify('app', { repair: true }))
        const gone = await timed(() => cnm.setPeers('app', []))
        await cnm.removeSandbox('s')
        return { told, again, verify, repair, gone }
      }
      return contest({ bench: `peers ${count.toLocaleString('en')}`, rounds, contenders: { libcnm: ours, ceiling: raw } })
    }),
  )

const both = (up, down) => async () => ({ up: await timed(up), down: await timed(down) })

/** What it leaves to be done behind is not counted, neither against it nor against who comes next. */
function theirs(daemon) {
  const turn = both(
    () => daemon.call('POST', '/networks/app/connect', { Container: 'bench' }),
    () => daemon.call('POST', '/networks/app/disconnect', { Container: 'bench' }),
  )
  return async () => {
    const measured = await turn()
    await pass(1500)
    return measured
  }
}

/** A sandbox that lives gets an endpoint on an overlay network, and loses it; somebody else keeps the network there. */
export const connectOverlay = (rounds = 15) =>
  withBench((bench) =>
    withHosts(
      bench,
      async ([cnm]) => {
        const docker = await dockerOverlay(bench)
        try {
          await cnm.createNetwork({ name: 'bridged', internal: true })
          await cnm.createSandbox({ name: 'stays', networks: [{ network: 'app' }, { network: 'bridged' }] })
          await cnm.createSandbox({ name: 'live', networks: [] })
          await docker.daemon?.call('POST', '/networks/app/disconnect', { Container: 'bench' })
          const on = (network) =>
            both(
              () => cnm.connect('live', { network }),
              () => cnm.disconnect('live', network),
            )
          return await contest({
            bench: 'connect overlay',
            rounds,
            warmUp: 2,
            settle: true,
            contenders: {
              libcnm: on('app'),
              'libcnm, bridge': on('bridged'),
              dockerd: docker.missing ? null : theirs(docker.daemon),
            },
          })
        } finally {
          await docker.end()
        }
      },
      { request: { internal: true } },
    ),
  )

/** The first endpoint of a host brings the network with it, the last one takes it away. */
export const raiseOverlay = (rounds = 15) =>
  withBench((bench) =>
    withHosts(
      bench,
      async ([cnm]) => {
        await cnm.createSandbox({ name: 'live', networks: [] })
        const work = both(
          () => cnm.connect('live', { network: 'app' }),
          () => cnm.disconnect('live', 'app'),
        )
        return contest({ bench: 'first endpoint', rounds, warmUp: 2, contenders: { libcnm: work } })
      },
      { request: { internal: true } },
    ),
  )
