import { defineConfig } from 'vitest/config';
import { testReports } from './test/support/testReports.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // They run beside a Kubernetes: test/kubernetes/vitest.config.ts.
    exclude: ['test/kubernetes/**'],
    reporters: testReports('tests'),
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
