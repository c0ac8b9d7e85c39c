import { join } from 'node:path';

/** Vitest's reporters: what people read, and, for CI, a JSON file named after the run in the folder ATOLL_TEST_REPORTS. */
export function testReports(run: string): ('default' | ['json', { outputFile: string }])[] {
  const folder = process.env.ATOLL_TEST_REPORTS;
  return folder ? ['default', ['json', { outputFile: join(folder, `${run}.json`) }]] : ['default'];
}
