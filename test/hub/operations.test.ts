import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { adminSettings, adminToken } from '../support/adminService.ts';
import { Atoll } from '../support/atoll.ts';
import { until } from '../support/until.ts';

let atoll: Atoll;
beforeAll(async () => {
  atoll = await Atoll.start({ settings: adminSettings });
});
afterAll(() => atoll?.end());

const call = (method: string, path: string, token = adminToken): Promise<Response> =>
  fetch(atoll.url + path, { method, headers: { authorization: `token ${token}` } });

/** The lines of the audit log's files. */
function auditLines(): { action: string; target: string }[] {
  const folder = join(atoll.data, 'audit');
  return readdirSync(folder).flatMap((name) =>
    readFileSync(join(folder, name), 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { action: string; target: string }),
  );
}

test('metrics are where JupyterHub has them, for whoever may see them', async () => {
  expect((await fetch(`${atoll.url}/hub/metrics`)).status).toBe(403);
  expect((await call('GET', '/hub/metrics', 'nonsense')).status).toBe(403);
  expect((await call('POST', '/hub/api/users/ada')).status).toBe(201);
  expect([201, 202]).toContain((await call('POST', '/hub/api/users/ada/server')).status);
  const text = await until('the server among the metrics', async () => {
    const answer = await call('GET', '/hub/metrics');
    const body = await answer.text();
    // Its start is counted a moment after it is ready.
    const isCounted = /^jupyterhub_server_spawn_duration_seconds_count\{status="success",reason=""\} 1$/m.test(body);
    return /^jupyterhub_running_servers 1$/m.test(body) && isCounted && body;
  });
  expect(text).toMatch(/^jupyterhub_total_users 1$/m);
  expect(text).toMatch(/^jupyterhub_hub_startup_duration_seconds_count 1$/m);
  expect(text).toMatch(/^jupyterhub_proxy_add_duration_seconds_count\{status="success"\} [1-9]/m);
  expect(text).toMatch(/^process_resident_memory_bytes [1-9]/m);
  expect((await call('GET', '/hub/api/metrics')).status).toBe(200);
});

test('the audit log is in files, private, and complete after a crash', async () => {
  await until('the start', () =>
    auditLines().some(({ action, target }) => `${action} ${target}` === 'server.start ada/'),
  );
  const folder = join(atoll.data, 'audit');
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
  for (let n = 0; n < 5; n++) {
    expect((await call('POST', `/hub/api/users/user-${n}`)).status).toBe(201);
    const hub = atoll.pidOf('hub');
    process.kill(hub, 'SIGKILL');
    await until('the next hub', () => atoll.pidOf('hub') !== hub);
  }
  await until('the hub', async () => (await call('GET', '/hub/api/users')).status === 200);
  const created = (): string[] =>
    auditLines()
      .filter(({ action, target }) => action === 'user.create' && target.startsWith('user-'))
      .map(({ target }) => target);
  await until('all entries', () => created().length >= 5);
  // Each once.
  expect(created()).toEqual(['user-0', 'user-1', 'user-2', 'user-3', 'user-4']);
});
