import { defineConfig } from 'vitest/config'

/** Four levels: pure, over the wire against the sandbox, the long sweeps, and against a real Pebble. */
export default defineConfig({
  test: {
    // a sandbox is found by the process's own environment, so files do not share a process
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['**/*.{wire,pebble,endure}.test.ts'],
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'wire',
          include: ['test/**/*.wire.test.ts'],
          globalSetup: 'test/support/setup.ts',
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'endure',
          include: ['test/**/*.endure.test.ts'],
          globalSetup: 'test/support/setup.ts',
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'pebble',
          include: ['test/**/*.pebble.test.ts'],
          globalSetup: 'test/support/setup.ts',
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})
