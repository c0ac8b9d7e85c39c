import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { adminSettings, adminToken } from '../support/adminService.ts';
import { Atoll } from '../support/atoll.ts';
import { processesIn } from '../support/processesIn.ts';
import { until } from '../support/until.ts';

let atoll: Atoll;
beforeAll(async () => {
  atoll = await Atoll.start({ settings: adminSettings });
});
afterAll(() => atoll?.end());

function api(method: string, path: string): Promise<Response> {
  return fetch(`${atoll.url}/hub/api${path}`, { method, headers: { authorization: `token ${adminToken}` } });
}

interface Model {
  ready: boolean;
  stopped: boolean;
  pending: string | null;
  state: { workload: string };
}

async function modelOf(user: string): Promise<Model | undefined> {
  const answer = await api('GET', `/users/${user}/server`);
  return answer.status === 200 ? ((await answer.json()) as Model) : undefined;
}

/** Whether a process leads its session, as the main process of a workload does. */
function leadsSession(pid: string): boolean {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')')).split(' ')[4] === pid;
}

test.each([0, 15, 60, 250])(
  'the hub is killed %i ms after a start was asked for: the server comes up once, or was never accepted',
  async (delay) => {
    const user = `user-${delay}`;
    expect((await api('POST', `/users/${user}`)).status).toBe(201);
    const hub = atoll.pidOf('hub');
    const asked = api('POST', `/users/${user}/server`).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, delay));
    process.kill(hub, 'SIGKILL');
    await asked;
    await until('the next hub', () => atoll.pidOf('hub') !== hub);
    const model = await until('a definite state', async () => {
      const answer = await api('GET', `/users/${user}`);
      if (answer.status !== 200) return false;
      const current = await modelOf(user);
      return !current || current.stopped ? 'never accepted' : current.pending === null && current;
    });
    if (model === 'never accepted') await api('POST', `/users/${user}/server`);
    await until(
      'the server behind the edge',
      async () => (await fetch(`${atoll.url}/user/${user}/api`)).status === 200,
    );
    expect(await modelOf(user)).toMatchObject({ ready: true, stopped: false, pending: null });
    // Twins would each lead a session of their own.
    expect(processesIn(join(atoll.data, 'homes', user)).filter(leadsSession)).toHaveLength(1);
    expect([202, 204]).toContain((await api('DELETE', `/users/${user}/server`)).status);
    await until('the stop', async () => (await modelOf(user))?.stopped);
    await until('no process of it to be left', () => processesIn(join(atoll.data, 'homes', user)).length === 0);
  },
);
