// What a command costs from its start to its end: `cnm network ls` beside `docker network ls`; with 4,000 networks; and what open()
// takes in a program.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { open } from '../dist/esm/lib/index.js'
import * as descriptor from '../dist/esm/lib/netlink/descriptor.js'
import { openStore } from '../dist/esm/lib/store/store.js'
import { contest, must, timed, withBench } from './harness.mjs'
import { dockerd } from './peers.mjs'

const CNM = fileURLToPath(new URL('../dist/cli/main.cjs', import.meta.url))
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
    try {
      const placeOf = (name) => ({ root: join(bench.folder, name, 'root'), run: join(bench.folder, name, 'run') })
      const [few, many] = [placeOf('few'), placeOf('many')]
      const cnm = await open({ ...few, netns: bench.netns.path })
      await cnm.close()
      await recordNetworks(many)
      const ls = ({ root, run }, ...flags) => bench.run(process.execPath, ...flags, CNM, '--root', root, '--run', run, 'network', 'ls')
      const command = (work) => async () => ({ ls: await timed(work) })
      const opened = (place) => async () => {
        let controller
        const ms = await timed(async () => (controller = await open({ ...place, netns: bench.netns.path })))
        await controller.close()
        return { open: ms }
      }
      const results = await contest({
        bench: 'start',
        rounds: 11,
        contenders: {
          libcnm: command(() => ls(few)),
          docker: docker && command(() => must('docker', '-H', `unix://${docker.socket}`, 'network', 'ls')),
          'node -e 0': command(() => bench.run(process.execPath, '-e', '0')),
          [`${MANY} networks`]: async () => ({ ...(await command(() => ls(many))()), ...(await opened(many)()) }),
          'few networks': opened(few),
        },
      })
      const note = (place) => `${Math.round(peak(() => ls(place, '--import', AT_EXIT)) / 1024)} MiB at most`
      return [
        ...results,
        { bench: 'start', what: 'memory', contender: 'libcnm', note: note(few) },
        { bench: 'start', what: 'memory', contender: `${MANY} networks`, note: note(many) },
      ]
    } finally {
      await docker?.end()
    }
  })

/** Prints the most memory that a process has had, in KiB, behind all else. */
const AT_EXIT =
  'data:text/javascript,process.on("exit",()=>process.stdout._handle.writeUtf8String({},"\\n"+process.resourceUsage().maxRSS))'
const peak = (run) => Number(run().trim().split('\n').at(-1))
