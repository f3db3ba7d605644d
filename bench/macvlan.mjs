// What it costs to put a sandbox that lives on the LAN, and to take it off again, beside CNI's macvlan plugin and netavark.
import { join } from 'node:path'
import { open } from '../dist/esm/lib/index.js'
import { contest, timed, withBench } from './harness.mjs'
import { cni, netavark, sandboxOf } from './peers.mjs'

const PARENT = 'up0'

export const macvlan = () =>
  withBench(async (bench) => {
    bench.run('ip', 'link', 'add', PARENT, 'type', 'veth', 'peer', 'name', 'down0')
    for (const link of [PARENT, 'down0']) bench.run('ip', 'link', 'set', link, 'up')
    const cnm = await open({ root: join(bench.folder, 'root'), run: join(bench.folder, 'run'), netns: bench.netns.path })
    const theirs = sandboxOf(bench, 's')
    try {
      const config = [{ subnet: '10.86.0.0/16', gateway: '10.86.0.1' }]
      await cnm.createNetwork({ name: 'lan', driver: 'macvlan', options: { parent: PARENT }, ipam: { config } })
      await cnm.createSandbox({ name: 'live', networks: [] })
      return await contest({
        bench: 'macvlan',
        rounds: 15,
        warmUp: 2,
        settle: true,
        contenders: {
          libcnm: async () => ({
            up: await timed(() => cnm.connect('live', { network: 'lan' })),
            down: await timed(() => cnm.disconnect('live', 'lan')),
          }),
          'CNI macvlan': cni(bench, theirs.path, { type: 'macvlan', parent: PARENT }),
          netavark: netavark(bench, theirs.path, { type: 'macvlan', parent: PARENT }),
        },
      })
    } finally {
      theirs.end()
      for (const { id } of cnm.sandboxes()) await cnm.removeSandbox(id)
      await cnm.removeNetwork('lan')
      await cnm.close()
    }
  })
