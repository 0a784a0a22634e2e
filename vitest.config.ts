import { defineConfig } from 'vitest/config'

/** Ends what hangs. How long things take is for `npm run bench`: the machine may be busy with something else. */
const HANGING_MS = 600_000
/** A sweep is one test. */
const HANGING_SWEEP_MS = 6 * HANGING_MS

/** Four levels: pure, over the wire against the sandbox, the long sweeps, and against a real Pebble. */
export default defineConfig({
  test: {
    // a sandbox is found by the process's own environment, so files do not share a process
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: HANGING_MS,
    hookTimeout: HANGING_MS,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['**/*.{wire,pebble,endure}.test.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'wire',
          include: ['test/**/*.wire.test.ts'],
          globalSetup: 'test/support/setup.ts',
        },
      },
      {
        extends: true,
        test: {
          name: 'endure',
          include: ['test/**/*.endure.test.ts'],
          globalSetup: 'test/support/setup.ts',
          testTimeout: HANGING_SWEEP_MS,
        },
      },
      {
        extends: true,
        test: {
          name: 'pebble',
          include: ['test/**/*.pebble.test.ts'],
          globalSetup: 'test/support/setup.ts',
        },
      },
    ],
  },
})
