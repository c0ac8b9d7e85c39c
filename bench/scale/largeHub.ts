import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adminToken } from '../../test/support/adminService.ts';
import { Atoll } from '../../test/support/atoll.ts';
import type { Figure } from '../report/figure.ts';
import { fillStore } from '../support/fillStore.ts';
import { residentMemory } from '../support/processTree.ts';
import { isProfiled } from '../support/profiled.ts';
import type { HubUnderTest } from '../support/serverStart.ts';
import { median } from '../support/statistics.ts';

/** 50,000 users: from the start of the program to `Ready`, a page of users straight after it, and the hub's memory. */
export async function measureLargeHub(users: number, rounds: number): Promise<Figure[]> {
  const data = mkdtempSync(join(tmpdir(), 'atoll-bench-scale-'));
  const [ready, pages, memory]: [number[], number[], number[]] = [[], [], []];
  try {
    await fillStore(join(data, 'atoll.db'), users);
    for (let round = 0; round < rounds; round++) {
      const startedAt = performance.now();
      const atoll = await Atoll.start({
        data,
        sources: isProfiled,
        settings: `jupyterhub: { hub: { services: { bench: { apiToken: ${adminToken}, admin: true } } } }\n`,
      });
      try {
        ready.push((performance.now() - startedAt) / 1000);
        pages.push(median(await timePages({ url: atoll.url, token: adminToken }, users)));
        memory.push(residentMemory(atoll.pidOf('hub')) / 1e6);
      } finally {
        await atoll.end();
      }
    }
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
  const size = `${users.toLocaleString('en')} users`;
  return [
    { case: `scale/start to Ready, ${size}`, unit: 's', better: 'less', ours: ready },
    { case: 'scale/a page of 200 users straight after start', unit: 'ms', better: 'less', ours: pages },
    { case: `scale/memory of the hub, ${size}`, unit: 'MB', better: 'less', ours: memory },
  ];
}

/** Milliseconds of each of a hundred pages, one after the other, all over the list. */
async function timePages({ url, token: bearer }: HubUnderTest, users: number): Promise<number[]> {
  const times: number[] = [];
  for (let page = 0; page < 100; page++) {
    const startedAt = performance.now();
    const offset = (page * 7919) % users;
    const query = `limit=200&offset=${offset}&include_stopped_servers=1`;
    const response = await fetch(`${url}/hub/api/users?${query}`, { headers: { authorization: `token ${bearer}` } });
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`a page: ${response.status}`);
    times.push(performance.now() - startedAt);
  }
  return times;
}
