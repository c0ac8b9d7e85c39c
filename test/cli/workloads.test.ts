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

const api = (method: string, path: string, body?: string): Promise<Response> =>
  fetch(`${atoll.url}/hub/api${path}`, {
    method,
    headers: { authorization: `token ${adminToken}` },
    ...(body !== undefined && { body }),
  });
const ofAda = (): string[] => processesIn(join(atoll.data, 'homes/ada'));
const serverAnswers = async (): Promise<boolean> => (await fetch(`${atoll.url}/user/ada/api`)).status === 200;
const workloadOfServer = async (): Promise<string> => {
  const { state } = (await (await api('GET', '/users/ada/server')).json()) as { state: { workload: string } };
  return state.workload;
};

test('with --stop-workloads, the end of Atoll is that of servers too', async () => {
  const ending = await Atoll.start({ settings: adminSettings, arguments: ['--stop-workloads'] });
  try {
    const headers = { authorization: `token ${adminToken}` };
    await fetch(`${ending.url}/hub/api/users/ada`, { method: 'POST', headers });
    const started = await fetch(`${ending.url}/hub/api/users/ada/server`, { method: 'POST', headers });
    expect([201, 202]).toContain(started.status);
    const running = (): string[] => processesIn(join(ending.data, 'homes/ada'));
    await until('the server', () => running().length > 0);
    expect(await ending.stop()).toBe(0);
    await until('the last word', () => ending.output.includes('\nStopped, with all servers and clusters.\n'));
    expect(running()).toEqual([]);
  } finally {
    await ending.end();
  }
});

test('servers go on without Atoll, unless it is told to end them', async () => {
  await api('POST', '/users/ada');
  expect([201, 202]).toContain((await api('POST', '/users/ada/server')).status);
  await until('the server', serverAnswers);
  const workload = await workloadOfServer();

  expect(await atoll.stop()).toBe(0);
  await until('the last word', () => atoll.output.includes('\nStopped. Servers and clusters go on.\n'));
  expect(ofAda()).not.toEqual([]);
  await atoll.up();
  await until('the server', serverAnswers);
  expect(await workloadOfServer()).toBe(workload);

  expect((await api('POST', '/shutdown', '{"servers": true}')).status).toBe(202);
  expect(await atoll.ended()).toBe(0);
  expect(ofAda()).toEqual([]);
});
