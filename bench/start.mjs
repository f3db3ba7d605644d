// What a command costs from its start to its end: `cnm network ls` where a daemon is, and where none is, beside `docker network ls` and
// Node.js alone; with 4,000 networks; and what open() takes in a program.
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { open } from '../dist/esm/lib/index.js'
import * as descriptor from '../dist/esm/lib/netlink/descriptor.js'
import { openStore } from '../dist/esm/lib/store/store.js'
import { CNM, daemon } from './daemon.mjs'
import { contest, timed, withBench } from './harness.mjs'
import { dockerd } from './peers.mjs'

const LAUNCHER = fileURLToPath(new URL('../bin/cnm', import.meta.url))
const MANY = 4_000

/** Networks as a host has them after a boot: recorded, without links. */
async function recordNetworks(place) {
  const store = await openStore({ ...place, descriptor })
  store.transact(() => {
    for (let n = 0; n < MANY; n++) {
      const part = `10.${192 + (n >> 8)}.${n & 255}`
      store.networks.put({
        id: n.toString(16).padStart(64, 'a'),
        name: `n${n}`,
        driver: 'bridge',
        scope: 'local',
        created: new Date().toISOString(),
        internal: false,
        attachable: false,
        enableIPv4: true,
        enableIPv6: false,
        labels: {},
        options: {},
        ipam: { driver: 'default', options: {} },
        pools: [{ family: 4, id: `LocalDefault/${part}.0/24`, subnet: `${part}.0/24`, gateway: `${part}.1/24`, aux: {} }],
      })
    }
  })
  await store.close()
}

export const start = () =>
  withBench(async (bench) => {
    const docker = await dockerd(bench)
    const daemons = []
    try {
      const placeOf = (name) => ({ root: join(bench.folder, name, 'root'), run: join(bench.folder, name, 'run') })
      const [few, many, alone, manyAlone] = ['few', 'many', 'alone', 'many-alone'].map(placeOf)
      for (const place of [few, alone]) await (await open({ ...place, netns: bench.netns.path })).close()
      for (const place of [many, manyAlone]) await recordNetworks(place)
      for (const place of [few, many]) daemons.push(await daemon(bench, place))
      // As npm installs it.
      const cnm = join(bench.folder, 'cnm')
      symlinkSync(LAUNCHER, cnm)
      const flags = ({ root, run }) => ['--root', root, '--run', run, 'network', 'ls']
      const command =
        (...argv) =>
        async () => ({ ls: await timed(() => bench.run(...argv)) })
      const opened = (place) => async () => {
        let controller
        const ms = await timed(async () => (controller = await open({ ...place, netns: bench.netns.path })))
        await controller.close()
        return { open: ms }
      }
      const manyOpened = opened(manyAlone)
      const results = await contest({
        bench: 'start',
        rounds: 15,
        contenders: {
          libcnm: command(cnm, ...flags(few)),
          'without a daemon': command(cnm, ...flags(alone)),
          'daemon, Node.js': command(process.execPath, CNM, ...flags(few)),
          docker: docker && command('docker', '-H', `unix://${docker.socket}`, 'network', 'ls'),
          'node -e 0': command(process.execPath, '-e', '0'),
          [`daemon, ${MANY}`]: command(cnm, ...flags(many)),
          [`${MANY}, no daemon`]: async () => ({ ...(await command(cnm, ...flags(manyAlone))()), ...(await manyOpened()) }),
          'few networks': opened(alone),
        },
      })
      const note = (place) =>
        `${Math.round(peak(() => bench.run(process.execPath, '--import', AT_EXIT, CNM, ...flags(place))) / 1024)} MiB at most`
      return [
        ...results,
        { bench: 'start', what: 'memory', contender: 'without a daemon', note: note(alone) },
        { bench: 'start', what: 'memory', contender: `${MANY}, no daemon`, note: note(manyAlone) },
      ]
    } finally {
      for (const one of daemons) await one.end()
      await docker?.end()
    }
  })

/** Prints the most memory that a process has had, in KiB, behind all else. */
const AT_EXIT =
  'data:text/javascript,process.on("exit",()=>process.stdout._handle.writeUtf8String({},"\\n"+process.resourceUsage().maxRSS))'
const peak = (run) => Number(run().trim().split('\n').at(-1))
