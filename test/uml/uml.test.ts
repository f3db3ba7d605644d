import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { runTier } from '../guest/tier.ts'

const TESTS = fileURLToPath(new URL('..', import.meta.url))

/**
 * Debian's user-mode Linux has what kernels of small machines lack: tests that may then be refused have to pass here. They are of
 * link.add of kinds dummy, vlan, ipvlan; qdisc.add netem, fq_codel; filter.add matchall; vlan.add, vlan.del and bridges with
 * vlanFiltering; xfrm.state.add, replace, del, and packets that are encrypted by them, those of overlay networks too.
 */
const KERNEL = {
  'test/kernel/links.test.ts': /a kernel without/,
  'test/kernel/qdiscs.test.ts': /a kernel without/,
  'test/kernel/vlans.test.ts': /or the kernel says/,
  'test/kernel/xfrm-state.test.ts': /or the kernel says|^(that of an|a tunnel) .*with the keys|keys are read|leaves the old one/,
  'test/kernel/xfrm-packets.test.ts': /or the kernel says/,
  'test/overlay/esp.test.ts': /with keys/,
}

await runTier({ name: 'uml', kind: 'uml', kernel: KERNEL, patience: 240 })

it('every file with tests that may be refused elsewhere is here', () => {
  const files = readdirSync(TESTS, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.test.ts'))
  const lacking = files.filter((name) => /^import .*\/lacks\.ts'$/m.test(readFileSync(`${TESTS}/${name}`, 'utf8')))
  expect(lacking.map((name) => `test/${name}`).toSorted()).toEqual(Object.keys(KERNEL).toSorted())
})
