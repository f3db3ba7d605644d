// What grows with what is there already, and what many at once cost. Contender `libcnm` is the first of its kind; the others are
// the same verb where there is much, so their ratio says by how much it grows.
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { open } from '../dist/esm/lib/index.js'
import { apply, dump } from '../dist/esm/lib/netlink/kernel.js'
import { Netns } from '../dist/esm/lib/netlink/namespace.js'
import { contest, timed, withBench } from './harness.mjs'
import { bridgeOf, withNetwork } from './verbs.mjs'

const NETWORKS = 1_000
const PORTS = 1_000
const ENDPOINTS = 500
const LINKS = 100

const port = (n) => ({ protocol: 'tcp', hostIP: '', hostPort: 10_000 + n, port: 80 })
const ports = (from, to) => Array.from({ length: to - from }, (_, i) => port(from + i))

export const networks = () =>
  withNetwork((few) =>
    withBench(async (bench) => {
      const many = await open({ root: join(bench.folder, 'root'), run: join(bench.folder, 'run'), netns: bench.netns.path })
      try {
        for (let n = 0; n < NETWORKS; n++) {
          if (n % 250 === 0) console.error(`${n} of ${NETWORKS} networks`)
          await many.createNetwork({ name: n === 0 ? 'bench' : `n${n}` })
        }
        for (const cnm of [few, many]) await cnm.createSandbox({ name: 's', networks: [] })
        const verbs = (cnm) => async () => ({
          connect: await timed(() => cnm.connect('s', { network: 'bench' })),
          disconnect: await timed(() => cnm.disconnect('s', 'bench')),
          create: await timed(() => cnm.createNetwork({ name: 'one more' })),
          rm: await timed(() => cnm.removeNetwork('one more')),
        })
        return await contest({
          bench: 'networks',
          rounds: 15,
          contenders: { libcnm: verbs(few), [`${NETWORKS} there`]: verbs(many) },
        })
      } finally {
        for (const { id } of many.sandboxes()) await many.removeSandbox(id)
        await many.close()
      }
    }),
  )

/** Each port is published by a sandbox of its own, made and removed. */
export const published = () =>
  withNetwork((few) =>
    withNetwork(async (many) => {
      const make = (cnm, list) => cnm.createSandbox({ name: 'p', networks: [{ network: 'bench' }], ports: list })
      await many.createSandbox({ name: 'full', networks: [{ network: 'bench' }], ports: ports(0, PORTS - 1) })
      const publish = (cnm, list) => async () => {
        const up = await timed(() => make(cnm, list))
        return { up, down: await timed(() => cnm.removeSandbox('p')) }
      }
      return contest({
        bench: 'ports',
        rounds: 15,
        contenders: {
          libcnm: publish(few, [port(PORTS)]),
          none: publish(few, []),
          [`${PORTS}th`]: publish(many, [port(PORTS)]),
          [`${PORTS} in one`]: publish(few, ports(0, PORTS)),
        },
      })
    }),
  )

/** A sandbox as libcnm makes one, by the kernel's messages. */
const sandboxAs = (n, bridge) => [
  { op: 'netns.add', at: 1 },
  { op: 'link.add', name: `v${n}`, kind: 'veth', peer: { name: 'eth0', at: 1 } },
  { op: 'link.set', link: `v${n}`, master: bridge, up: true },
  { op: 'addr.add', at: 1, link: 'eth0', address: Uint8Array.of(10, 0, 128, n), prefix: 16 },
  { op: 'link.set', at: 1, link: 'eth0', up: true },
  { op: 'route.add', at: 1, to: new Uint8Array(4), prefix: 0, link: 'eth0', via: Uint8Array.of(10, 0, 0, 1) },
]

/**
 * Of sandboxes with one endpoint each, until the last link is gone: all at once, and each when the one before is gone; and the same
 * links and namespaces deleted one by one, of which fewer will do.
 */
export const removal = () =>
  withNetwork((cnm, bench) => {
    const names = Array.from({ length: ENDPOINTS }, (_, n) => `s${n}`)
    const bridge = bridgeOf(cnm)
    const removed = async (remove) => {
      for (const name of names) await cnm.createSandbox({ name, networks: [{ network: 'bench' }] })
      // Until then what is new is announced.
      await pause(2_500)
      return {
        rm: await timed(async () => {
          await remove()
          while ((await dump(bench.netns, 'link')).some(({ kind }) => kind === 'veth')) continue
        }),
      }
    }
    return contest({
      bench: `${ENDPOINTS} endpoints`,
      rounds: 3,
      warmUp: 0,
      contenders: {
        libcnm: () => removed(() => cnm.removeSandboxes(names)),
        'in turn': () =>
          removed(async () => {
            for (const name of names) await cnm.removeSandbox(name)
          }),
        'one by one': async () => {
          const places = Array.from({ length: LINKS }, (_, n) => [bench.netns, Netns.at(join(bench.folder, `one${n}`))])
          for (const [n, place] of places.entries()) await apply(place, sandboxAs(n, bridge))
          await pause(2_500)
          const ms = await timed(async () => {
            for (const [n, place] of places.entries()) {
              await apply(place, [{ op: 'link.del', link: `v${n}` }])
              await apply(place, [{ op: 'netns.del', at: 1 }])
            }
          })
          for (const [, inside] of places) inside.close()
          return { rm: (ms * ENDPOINTS) / LINKS }
        },
      },
    })
  })
