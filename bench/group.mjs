// Deleting 500 veth pairs: by their group in one message, and one by one.
import { apply } from '../dist/esm/lib/netlink/kernel.js'
import { contest, timed, withBench } from './harness.mjs'

const PAIRS = 500
const GROUP = 77

export const group = () =>
  withBench(async (bench) => {
    const numbers = Array.from({ length: PAIRS }, (_, n) => n)
    const make = numbers.map((n) => ({
      op: 'link.add',
      name: `v${n}`,
      kind: 'veth',
      group: GROUP,
      peer: { name: `p${n}`, at: 0 },
    }))
    const deleted = async (ops) => {
      await apply([bench.netns], make)
      return { del: await timed(() => apply([bench.netns], ops)) }
    }
    return contest({
      bench: `veth ${PAIRS}`,
      rounds: 3,
      warmUp: 0,
      contenders: {
        libcnm: () => deleted([{ op: 'link.del', group: GROUP }]),
        'one by one': () => deleted(numbers.map((n) => ({ op: 'link.del', link: `v${n}` }))),
      },
    })
  })
