import { runTier } from '../guest/tier.ts'

/** Debian's cloud kernel has all that user-mode Linux lacks, and is slow: few tests. */
await runTier({ name: 'qemu', kind: 'qemu', patience: 240 })
