import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The schedulers and workers of an Atoll whose processes live. They wrote down who they are, at every attempt to start. */
export function livingWorkloads(data: string): string[] {
  const folder = join(data, 'process/workloads');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => {
    if (!/^(scheduler|worker)-.*\/process\.\w+\.json$/.test(path)) return false;
    const pid = /"pid": *(\d+)/.exec(read(join(folder, path)))?.[1];
    return pid !== undefined && /^State:\s+[^ZX]/m.test(read(`/proc/${pid}/status`));
  });
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // It ended meanwhile.
  }
}
