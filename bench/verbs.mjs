// What the verbs cost beside other people's: a sandbox made with its network, one that lives connected and disconnected, a network
// created and removed. What libcnm deletes behind (docs/decisions/0009) is not in `down`; scale.mjs waits for it.
import { join } from 'node:path'
import { open } from '../dist/esm/lib/index.js'
import { contest, must, timed, withBench } from './harness.mjs'
import { cni, dockerd, netavark, sandboxOf } from './peers.mjs'

const ROUNDS = 15
const WARM_UP = 2

/** Both ways of a verb. */
const both = (up, down) => async () => ({ up: await timed(up), down: await timed(down) })

/** iproute2's way to attach. */
function byCommands(host, bridge) {
  const ip = (line) => must('ip', '-n', host, ...line.split(' '))
  const sandbox = `${host}s`
  return both(
    () => {
      must('ip', 'netns', 'add', sandbox)
      ip(`link add v0 type veth peer name eth0 netns ${sandbox}`)
      ip(`link set v0 master ${bridge} up`)
      for (const line of ['link set lo up', 'addr add 10.0.9.9/16 dev eth0', 'link set eth0 up', 'route add default via 10.0.0.1']) {
        must('ip', '-n', sandbox, ...line.split(' '))
      }
    },
    () => {
      ip('link del v0')
      must('ip', 'netns', 'del', sandbox)
    },
  )
}

/** The same work by attach.c, which says itself how long it took. */
function byProgram(bench, sandbox, bridge) {
  const program = bench.compile('attach')
  return () => {
    const [up, down] = must(program, bench.netns.path, sandbox, bridge, bench.folder).trim().split(' ').map(Number)
    return { up, down }
  }
}

/** Runs `work` with a controller that has one network. */
export const withNetwork = (work) =>
  withBench(async (bench) => {
    const cnm = await open({ root: join(bench.folder, 'root'), run: join(bench.folder, 'run'), netns: bench.netns.path })
    try {
      await cnm.createNetwork({ name: 'bench', ipam: { config: [{ subnet: '10.0.0.0/16' }] } })
      return await work(cnm, bench)
    } finally {
      for (const { id } of cnm.sandboxes()) await cnm.removeSandbox(id)
      await cnm.removeNetwork('bench')
      await cnm.close()
    }
  })

export const bridgeOf = (cnm) => `br-${cnm.network('bench').id.slice(0, 12)}`

/** Runs `work` with a dockerd, or with null. */
async function withDocker(bench, work) {
  const daemon = await dockerd(bench)
  try {
    return await work(daemon)
  } finally {
    await daemon?.end()
  }
}

export const attach = () =>
  withNetwork((cnm, bench) =>
    contest({
      bench: 'attach',
      rounds: ROUNDS,
      warmUp: WARM_UP,
      settle: true,
      contenders: {
        libcnm: both(
          () => cnm.createSandbox({ name: 's', networks: [{ network: 'bench' }] }),
          () => cnm.removeSandbox('s'),
        ),
        'ip commands': byCommands(bench.name, bridgeOf(cnm)),
      },
    }),
  )

export const connect = () =>
  withNetwork((cnm, bench) =>
    withDocker(bench, async (docker) => {
      const { path } = await cnm.createSandbox({ name: 'live', networks: [] })
      const theirs = sandboxOf(bench, 's')
      await docker?.call('POST', '/networks/create', { Name: 'bench' })
      const endpoint = { Container: 'bench' }
      try {
        return await contest({
          bench: 'connect',
          rounds: ROUNDS,
          warmUp: WARM_UP,
          settle: true,
          contenders: {
            libcnm: both(
              () => cnm.connect('live', { network: 'bench' }),
              () => cnm.disconnect('live', 'bench'),
            ),
            'raw C': byProgram(bench, path, bridgeOf(cnm)),
            'CNI bridge': cni(bench, theirs.path),
            netavark: netavark(bench, theirs.path),
            dockerd:
              docker &&
              both(
                () => docker.call('POST', '/networks/bench/connect', endpoint),
                () => docker.call('POST', '/networks/bench/disconnect', endpoint),
              ),
          },
        })
      } finally {
        theirs.end()
      }
    }),
  )

export const network = () =>
  withNetwork((cnm, bench) =>
    withDocker(bench, (docker) =>
      contest({
        bench: 'network',
        rounds: ROUNDS,
        warmUp: WARM_UP,
        settle: true,
        contenders: {
          libcnm: both(
            () => cnm.createNetwork({ name: 'n' }),
            () => cnm.removeNetwork('n'),
          ),
          dockerd:
            docker &&
            both(
              () => docker.call('POST', '/networks/create', { Name: 'n' }),
              () => docker.call('DELETE', '/networks/n'),
            ),
        },
      }),
    ),
  )
