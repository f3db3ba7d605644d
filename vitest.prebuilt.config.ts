import { defineConfig } from 'vitest/config'

/** The packed package on bare systems; run it with npm run prebuildify:check, which makes what it needs. */
export default defineConfig({
  test: {
    include: ['test/**/*.check.ts'],
    pool: 'forks',
    testTimeout: 60_000,
    globalSetup: ['test/support/prerequisites.ts'],
  },
})
