// Reading forwarding tables of 100,000 entries together, of one link and of ten: libcnm's columns and rows, bridge's JSON, and a
// dump that nobody looks at. The kernel tells of a table in parts, and begins each by walking past what it has told: in a long one
// that walk is most of the time, whoever asks.
import { apply, dump, dumpColumns } from '../dist/esm/lib/netlink/kernel.js'
import { contest, timed, withBench } from './harness.mjs'
import { columnsOf } from './rows.mjs'

const COUNT = 100_000

const add = (link, id, { macs, addresses }) => [
  { op: 'link.add', name: link, kind: 'vxlan', vxlan: { id, learning: false } },
  { op: 'fdb.addMany', link, family: 4, macs, dsts: addresses },
]

const of = (links) =>
  withBench(async (bench) => {
    const ceiling = bench.compile('ceiling')
    const columns = columnsOf(COUNT / links)
    await apply([bench.netns], Array.from({ length: links }, (_, n) => add(`vx${n}`, n + 1, columns)).flat())
    const only = (ms) => ({ dump: ms })
    return contest({
      bench: links === 1 ? 'fdb, 1 link' : `fdb, ${links} links`,
      rounds: 7,
      contenders: {
        libcnm: async () => only(await timed(() => dumpColumns(bench.netns, 'fdb'))),
        // 0 is any link.
        ceiling: () => only(Number(bench.run(ceiling, 'fdb', 'dump', '0', '0'))),
        'libcnm, as rows': async () => only(await timed(() => dump(bench.netns, 'fdb'))),
        'bridge -j': async () => only(await timed(() => JSON.parse(bench.run('bridge', '-j', 'fdb', 'show')))),
      },
    })
  })

export const dumps = async () => [...(await of(1)), ...(await of(10))]
