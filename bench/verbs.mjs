// What attaching costs: a sandbox on a bridge network, made and removed, by libcnm and by iproute2's commands; and what it
// costs to connect one that lives.
import { join } from 'node:path'
import { open } from '../dist/esm/lib/index.js'
import { contest, must, timed, withBench } from './harness.mjs'

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

/** Runs `work` with a controller that has one network. */
const withNetwork = (work) =>
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

export const attach = () =>
  withNetwork((cnm, bench) =>
    contest({
      bench: 'attach',
      rounds: ROUNDS,
      warmUp: WARM_UP,
      contenders: {
        libcnm: both(
          () => cnm.createSandbox({ name: 's', networks: [{ network: 'bench' }] }),
          () => cnm.removeSandbox('s'),
        ),
        'ip commands': byCommands(bench.name, `br-${cnm.network('bench').id.slice(0, 12)}`),
      },
    }),
  )

export const connect = () =>
  withNetwork(async (cnm) => {
    await cnm.createSandbox({ name: 'live', networks: [] })
    const libcnm = both(
      () => cnm.connect('live', { network: 'bench' }),
      () => cnm.disconnect('live', 'bench'),
    )
    return contest({ bench: 'connect', rounds: ROUNDS, warmUp: WARM_UP, contenders: { libcnm } })
  })
