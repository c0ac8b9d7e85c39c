/**
 * Ten Dask clusters that compute, each for a program of its own, while hub and edge are killed (kill -9) at random moments:
 * is every result right, is every cluster there in the end, is no process left?
 *
 *   node bench/clusterSoak.ts [minutes, default 10] [clusters, default 10]
 *
 * Ends with exit code 1 when not.
 */
import { resolve } from 'node:path';
import { ensureEnvironment } from '../src/environment/ensureEnvironment.ts';
import { adminSettings, adminToken } from '../test/support/adminService.ts';
import { Atoll } from '../test/support/atoll.ts';
import { clusterChaos } from '../test/support/clusterChaos.ts';
import { livingWorkloads } from '../test/support/livingWorkloads.ts';
import type { Figure } from './report/figure.ts';
import { handIn } from './report/handIn.ts';

const [minutes, clusters] = [Number(process.argv[2] ?? 10), Number(process.argv[3] ?? 10)];
const { directory } = await ensureEnvironment({
  stateDirectory: resolve(import.meta.dirname, '../.cache'),
  onProgress: (line) => console.error(line),
});
process.env.ATOLL_PYTHON_ENV = directory;
const atoll = await Atoll.start({
  settings: adminSettings,
});
let failed = false;
try {
  await soak();
} finally {
  await atoll.end();
}
process.exitCode = failed ? 1 : 0;

async function soak(): Promise<void> {
  const ask = (path: string): Promise<Response> =>
    fetch(`${atoll.url}/hub/api${path}`, {
      method: 'POST',
      headers: { authorization: `token ${adminToken}`, 'content-type': 'application/json' },
      body: '{}',
    });
  await ask('/users/ada');
  const { token } = (await (await ask('/users/ada/tokens')).json()) as { token: string };
  const result = await clusterChaos(atoll, { clusters, seconds: minutes * 60, pauseMs: 15_000, token });
  const lost = result.made.filter((name) => !result.known.includes(name));
  console.log(
    `${minutes} min, ${clusters} clusters; the hub was killed ${result.kills.hub} times, the edge ${result.kills.edge} times.\n` +
      `Right results: ${result.right.join(', ')}; wrong ones: ${result.wrong}; clusters lost: ${lost.length}.`,
  );
  const left = await leftAfter(30);
  console.log(left.length === 0 ? 'No process of a cluster is left.' : `Processes left: ${left.join(', ')}`);
  const figure = (name: string, value: number): Figure => ({
    case: `cluster-soak/${name}`,
    unit: '',
    better: 'less',
    ours: [value],
  });
  handIn(
    [
      figure('wrong results', result.wrong),
      figure('clusters lost', lost.length),
      figure('processes left', left.length),
    ],
    `${clusters} clusters that compute for ${minutes} minutes, while hub and edge are killed.`,
  );
  failed = result.wrong > 0 || lost.length > 0 || result.right.includes(0) || left.length > 0;
}

/** The processes of schedulers and workers that are left when there has been time to end. */
async function leftAfter(seconds: number): Promise<string[]> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const left = livingWorkloads(atoll.data);
    if (left.length === 0 || Date.now() > end) return left;
    await new Promise((done) => setTimeout(done, 500));
  }
}
