import { runTier } from '../guest/tier.ts'

/** Debian's user-mode Linux has what kernels of small machines lack: tests that may then be refused have to pass here. */
await runTier({
  name: 'uml',
  kernel: {
    'test/kernel/links.test.ts': /a kernel without/,
    'test/kernel/qdiscs.test.ts': /a kernel without/,
    'test/kernel/vlans.test.ts': /or the kernel says/,
    'test/kernel/xfrm-state.test.ts': /or the kernel says|^(that of an|a tunnel) .*with the keys|keys are read|leaves the old one/,
    'test/kernel/xfrm-packets.test.ts': /or the kernel says/,
  },
  seconds: 400,
})
