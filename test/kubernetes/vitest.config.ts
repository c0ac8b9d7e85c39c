import { defineConfig } from 'vitest/config';

/** The tests that need a Kubernetes: `test/kubernetes/with-cluster vitest run --config test/kubernetes/vitest.config.ts`. */
export default defineConfig({
  test: {
    include: ['test/kubernetes/**/*.test.ts'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    pool: 'forks',
    maxWorkers: 1,
  },
});
