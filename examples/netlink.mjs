// The netlink layer by itself: node examples/netlink.mjs (root). It works in a network namespace that it makes and removes.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  apply,
  applyLeniently,
  dump,
  formatAddress,
  formatCidr,
  ip,
  ips,
  mac,
  macs,
  monitor,
  Netns,
  printPlan,
  undoOf,
} from 'libcnm/netlink'

const folder = mkdtempSync(join(tmpdir(), 'netlink-'))
const lab = Netns.at(join(folder, 'lab'))

// Plain data: it prints as commands, it can be taken back, and nobody has to carry it out.
const plan = [
  { op: 'netns.add' },
  { op: 'link.add', kind: 'bridge', name: 'br0', mac: mac('02:00:00:00:00:01'), up: true },
  { op: 'addr.add', link: 'br0', address: ip('10.0.0.1'), prefix: 24 },
  { op: 'link.add', kind: 'vxlan', name: 'vx0', vxlan: { id: 42, learning: false } },
  { op: 'link.set', link: 'vx0', master: 'br0', port: { neighSuppress: true }, up: true },
]
console.log(printPlan(plan))

try {
  await apply([lab], plan)
  for (const { index, name, kind } of await dump(lab, 'link')) console.log(index, name, kind)
  for (const { address } of await dump(lab, 'address', { link: 'br0', family: 4 })) console.log(formatCidr(address))

  // Rows by the hundred thousand are packed columns; here are two.
  const peers = ['02:00:00:00:00:0a', '02:00:00:00:00:0b']
  const [link] = (await dump(lab, 'link')).filter(({ name }) => name === 'vx0')
  const events = monitor(lab, ['fdb'])
  await events.next() // the snapshot
  await apply([lab], [{ op: 'fdb.addMany', link: link.index, family: 4, macs: macs(peers), dsts: ips(['192.0.2.10', '192.0.2.11']) }])
  for await (const { type, row } of events) {
    console.log(type, row.mac, formatAddress(row.dst))
    if (row.mac === peers.at(-1)) break
  }

  // Everything that the kernel refuses is an error with its words and the command that would be refused too.
  const stop = await apply([lab], [{ op: 'link.set', link: 'eth7', up: true }]).catch((error) => error)
  console.log(stop.cause.message.replaceAll(folder, ''))
} finally {
  await applyLeniently([lab], undoOf(plan))
  lab.close()
  rmSync(folder, { recursive: true })
}
