// Reading a forwarding table of 100,000 entries: libcnm's columns and rows, bridge's JSON, and a dump that nobody looks at.
import { apply, dump, dumpColumns } from '../dist/esm/lib/netlink/kernel.js'
import { contest, timed, withBench } from './harness.mjs'
import { columnsOf } from './rows.mjs'

const COUNT = 100_000
const link = 'vx0'

export const dumps = () =>
  withBench(async (bench) => {
    const ceiling = bench.compile('ceiling')
    const { macs, addresses } = columnsOf(COUNT)
    const { ifindex } = await apply(
      [bench.netns],
      [
        { op: 'link.add', name: link, kind: 'vxlan', vxlan: { id: 1, learning: false } },
        { op: 'fdb.addMany', link, family: 4, macs, dsts: addresses },
      ],
    )
    const only = (ms) => ({ dump: ms })
    return contest({
      bench: `fdb ${COUNT.toLocaleString('en')}`,
      rounds: 7,
      contenders: {
        libcnm: async () => only(await timed(() => dumpColumns(bench.netns, 'fdb', { link }))),
        ceiling: () => only(Number(bench.run(ceiling, 'fdb', 'dump', String(ifindex[0]), '0'))),
        'libcnm, as rows': async () => only(await timed(() => dump(bench.netns, 'fdb', { link }))),
        'bridge -j': async () => only(await timed(() => JSON.parse(bench.run('bridge', '-j', 'fdb', 'show', 'dev', link)))),
      },
    })
  })
