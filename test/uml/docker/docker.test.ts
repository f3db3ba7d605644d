import { runTier } from '../../guest/tier.ts'

/** A real dockerd takes half a minute there, beside the other guest. */
await runTier({ name: 'uml/docker', kind: 'uml', patience: 600 })
