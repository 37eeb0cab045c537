import { defineConfig } from 'vitest/config';
import { LongestFirst } from './tools/test/longest-first.ts';

const E2E_BESIDE = [
  'blueprints',
  'control-plane',
  'domains',
  'faults',
  'foreign-cluster',
  'foreign-registry',
  'routes',
].map((name) => `e2e/${name}.test.ts`);

// Three kinds of tests, by what they need: nothing, a real PostgreSQL or API server, the whole engine.
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    // Of no project, since two share what it starts; nobody but the end-to-end tests is given a second namespace.
    globalSetup: process.env.BRAINPOD_TEST_SECOND_NAMESPACE === undefined ? [] : ['e2e/setup.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/**/*.test.ts', 'tools/**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/*.integration.test.ts'],
          // Loading the same modules anew for each file takes longer than the tests in it.
          isolate: false,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['packages/**/*.integration.test.ts', 'tools/**/*.integration.test.ts'],
          exclude: ['**/node_modules/**'],
          globalSetup: ['packages/testkit/src/postgres-setup.ts', 'packages/testkit/src/apiserver-setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          isolate: false,
          // Half of them wait for a time-out or another process most of the time.
          maxWorkers: 3,
        },
      },
      // Of the end-to-end tests those that mostly wait, two files at a time; then those that end parts of the platform
      // under everybody, or need the machine for themselves, one after the other. All on the Brainpod of e2e/setup.ts.
      {
        test: {
          name: 'e2e-beside',
          include: E2E_BESIDE,
          setupFiles: ['e2e/tidy.ts'],
          testTimeout: 300_000,
          hookTimeout: 900_000,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['e2e/**/*.test.ts'],
          exclude: E2E_BESIDE,
          setupFiles: ['e2e/tidy.ts'],
          testTimeout: 300_000,
          hookTimeout: 900_000,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
