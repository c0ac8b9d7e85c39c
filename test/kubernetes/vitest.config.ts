import { defineConfig } from 'vitest/config';
import { testReports } from '../support/testReports.ts';

/** The tests that need a Kubernetes: `test/kubernetes/with-cluster vitest run --config test/kubernetes/vitest.config.ts`. */
export default defineConfig({
  test: {
    include: ['test/kubernetes/**/*.test.ts'],
    reporters: testReports('kubernetes'),
    testTimeout: 180_000,
    hookTimeout: 180_000,
    pool: 'forks',
    maxWorkers: 1,
  },
});
