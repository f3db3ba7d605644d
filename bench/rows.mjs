// Rows of the kernel's tables by the thousand: libcnm's packed columns, iproute2's batches, the npm package netlink one by
// one, and the kernel's own ceiling. The same rows as ceiling.c has.
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { printOp } from '../dist/esm/lib/model/print.js'
import { apply } from '../dist/esm/lib/netlink/kernel.js'
import { contest, timed, withBench } from './harness.mjs'

const VERBS = ['add', 'replace', 'del']
const NPM = fileURLToPath(new URL('contenders/node_modules/netlink', import.meta.url))

export function columnsOf(count) {
  const macs = new Uint8Array(count * 6)
  const addresses = new Uint8Array(count * 4)
  for (let row = 0; row < count; row++) {
    const low = [row >> 16, (row >> 8) & 255, row & 255]
    macs.set([2, 0, 0, ...low], row * 6)
    addresses.set([10, ...low], row * 4)
  }
  return { macs, addresses }
}

const link = 'vx0'
const TABLES = {
  fdb: { tool: 'bridge', op: ({ macs, addresses }) => ({ link, family: 4, macs, dsts: addresses }) },
  neigh: { tool: 'ip', op: ({ macs, addresses }) => ({ link, family: 4, macs, addresses }) },
  route: { tool: 'ip', op: ({ addresses }) => ({ link, family: 4, tos: addresses, prefix: 32 }) },
}

/** All verbs in turn, on a link of their own. */
async function inTurn(bench, verb) {
  const { ifindex } = await apply(
    [bench.netns],
    [{ op: 'link.add', name: link, kind: 'vxlan', vxlan: { id: 1, learning: false }, up: true }],
  )
  const measured = {}
  for (const each of VERBS) measured[each] = await verb(each, String(ifindex[0]))
  await apply([bench.netns], [{ op: 'link.del', link }])
  return measured
}

export const rows = (table, count, rounds) =>
  withBench(async (bench) => {
    const ceiling = bench.compile('ceiling')
    const { tool, op } = TABLES[table]
    const columns = op(columnsOf(count))
    const opOf = (verb) => ({ op: `${table}.${verb}Many`, ...columns })
    const batch = (verb) => join(bench.folder, verb)
    for (const verb of VERBS) writeFileSync(batch(verb), `${printOp(opOf(verb)).split('\n').slice(1, -1).join('\n')}\n`)
    const peer = (verb, index) =>
      Number(
        bench.run(process.execPath, fileURLToPath(new URL('contenders/netlink.cjs', import.meta.url)), table, verb, index, String(count)),
      )
    return contest({
      bench: `${table} ${count.toLocaleString('en')}`,
      rounds,
      settle: count <= 100_000,
      contenders: {
        libcnm: () => inTurn(bench, (verb) => timed(() => apply([bench.netns], [opOf(verb)]))),
        ceiling: () => inTurn(bench, (verb, index) => Number(bench.run(ceiling, table, verb, index, String(count)))),
        [`${tool} -batch`]: () => inTurn(bench, (verb) => timed(() => bench.run(tool, '-batch', batch(verb)))),
        // One by one its figure does not depend on how many there are.
        ...(count > 10_000 ? {} : { 'npm netlink': existsSync(NPM) ? () => inTurn(bench, peer) : null }),
      },
    })
  })
