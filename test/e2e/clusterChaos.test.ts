import { afterAll, beforeAll, expect, test } from 'vitest';
import { adminSettings, adminToken } from '../support/adminService.ts';
import { Atoll } from '../support/atoll.ts';
import { clusterChaos } from '../support/clusterChaos.ts';
import { livingWorkloads } from '../support/livingWorkloads.ts';
import { until } from '../support/until.ts';

// The long form, ten minutes with ten clusters: node bench/clusterSoak.ts

let atoll: Atoll;
beforeAll(async () => {
  atoll = await Atoll.start({
    settings: adminSettings,
  });
});
afterAll(() => atoll?.end());

test('hub and edge are killed again and again while clusters compute: every result is right, no cluster is lost, no process is left', async () => {
  const ask = (path: string): Promise<Response> =>
    fetch(`${atoll.url}/hub/api${path}`, {
      method: 'POST',
      headers: { authorization: `token ${adminToken}`, 'content-type': 'application/json' },
      body: '{}',
    });
  await ask('/users/ada');
  const { token } = (await (await ask('/users/ada/tokens')).json()) as { token: string };
  const { kills, right, wrong, made, known } = await clusterChaos(atoll, {
    clusters: 2,
    seconds: 15,
    pauseMs: 2500,
    token,
  });
  expect(kills.hub + kills.edge).toBeGreaterThan(3);
  expect(wrong).toBe(0);
  for (const count of right) expect(count).toBeGreaterThan(0);
  for (const name of made) expect(known).toContain(name);
  expect(await until('no process of a cluster', () => livingWorkloads(atoll.data).length === 0, 60)).toBe(true);
}, 240_000);
