import { defineConfig } from 'vitest/config'
import { LongFirst } from './test/support/sequencer.ts'
import { shipped } from './test/support/shipped.ts'

const report = process.env.CNM_TEST_REPORT
const unit = ['test/unit/**/*.test.ts']
/** Something else stands for a module of lib/ there, which vitest has to read for that. */
const mocked = ['test/kernel/undo.test.ts']

export default defineConfig({
  test: {
    // Each file is a process of its own: a crash in native code takes one file down, and names it.
    pool: 'forks',
    // Most of what they do is wait: for grace periods of the kernel, for daemons to start.
    maxWorkers: 4,
    sequence: { sequencer: LongFirst },
    // For what hangs: some take half a minute on a slow machine, beside three others.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 30_000 } },
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
    projects: [
      // No native code is in them, and a process takes longer to start than most of them do.
      { extends: true, test: { name: 'unit', include: unit, isolate: false } },
      { extends: true, test: { name: 'mocked', include: mocked, globalSetup: ['test/support/prerequisites.ts'] } },
      {
        extends: true,
        plugins: [shipped],
        test: {
          name: 'real',
          include: ['test/**/*.test.ts'],
          exclude: [...unit, ...mocked],
          globalSetup: ['test/support/prerequisites.ts', 'test/support/prepare.ts', 'test/support/leftovers.ts'],
          server: { deps: { external: [/\/dist\/esm\//] } },
        },
      },
    ],
  },
})
