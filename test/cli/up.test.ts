import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adminSettings, adminToken } from '../support/adminService.ts';
import { Atoll } from '../support/atoll.ts';
import { BrowserSession } from '../support/browserSession.ts';
import { freePort } from '../support/freePort.ts';
import { until } from '../support/until.ts';

const program = resolve(import.meta.dirname, '../../bin/atoll');

const isRunning = (pid: number): boolean => readdirSync('/proc').includes(String(pid));

/** The processes that have a file open. */
function openersOf(path: string): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => {
    try {
      return readdirSync(`/proc/${pid}/fd`).some((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`) === path);
    } catch {
      return false; // It, or one of its files, is gone meanwhile.
    }
  });
}

describe('atoll up', () => {
  let atoll: Atoll;
  beforeAll(async () => {
    atoll = await Atoll.start({ settings: adminSettings });
  });
  afterAll(() => atoll?.end());

  const version = async (): Promise<number> => (await fetch(`${atoll.url}/hub/api/`)).status;

  test('runs once on a data folder', async () => {
    const port = String(await freePort());
    const second = spawnSync(program, ['up', '--data', atoll.data, '--port', port], { encoding: 'utf8' });
    expect(second).toMatchObject({ status: 1, stdout: '' });
    expect(second.stderr).toMatch(/^atoll: Another Atoll runs on this data folder\. \[ATOLL_ALREADY_RUNNING\]/);
    expect(second.stderr).toContain(atoll.data);
    expect(await version()).toBe(200);
  });

  test('makes a link for a person who is known, and says so when nobody is', async () => {
    const login = (...args: string[]) => spawnSync(program, ['login', ...args], { encoding: 'utf8' });
    await fetch(`${atoll.url}/hub/api/users/ada`, {
      method: 'POST',
      headers: { authorization: `token ${adminToken}` },
    });
    const link = login('--data', atoll.data, '--user', 'ada');
    expect(link).toMatchObject({ status: 0, stderr: '' });
    expect(link.stdout).toMatch(new RegExp(`^${atoll.url}/hub/login\\?link=\\S+\n$`));
    const nobody = login('--data', atoll.data, '--user', 'nobody');
    expect(nobody).toMatchObject({ status: 1, stdout: '' });
    expect(nobody.stderr).toMatch(/^atoll: There is no user nobody\. \[ATOLL_NOT_FOUND\]/);
    const nowhere = join(atoll.data, 'nowhere');
    expect(login('--data', nowhere).stderr).toMatch(
      /^atoll: No Atoll runs on this data folder\. \[ATOLL_NOT_RUNNING\]/,
    );
    expect(existsSync(nowhere)).toBe(false);
    const elsewhere = mkdtempSync(join(tmpdir(), 'atoll-test-'));
    expect(login('--data', elsewhere).stderr).toMatch(/ATOLL_NOT_RUNNING/);
    expect(readdirSync(elsewhere)).toEqual([]);
    rmSync(elsewhere, { recursive: true });
  });

  test('starts hub and edge again, even when both are killed at once', async () => {
    const [hub, edge] = [atoll.pidOf('hub'), atoll.pidOf('edge')];
    process.kill(hub, 'SIGKILL');
    process.kill(edge, 'SIGKILL');
    await until('an answer', async () => (await version().catch(() => 0)) === 200);
    expect(atoll.pidOf('hub')).not.toBe(hub);
    expect(atoll.pidOf('edge')).not.toBe(edge);
  });

  test('killed and started again while its hub is slow to end: the new hub waits, and only it answers', async () => {
    const [up, oldHub, oldEdge] = [atoll.pidOf('up'), atoll.pidOf('hub'), atoll.pidOf('edge')];
    process.kill(oldHub, 'SIGSTOP');
    process.kill(up, 'SIGKILL');
    await until('the end of the edge', () => !isRunning(oldEdge));
    const ready = atoll.up();
    await until('a new hub at the lock', () =>
      openersOf(join(atoll.data, 'run/hub.lock')).some((pid) => pid !== oldHub),
    );
    process.kill(oldHub, 'SIGCONT');
    await ready;
    await until('the end of the old hub', () => !isRunning(oldHub));
    expect(await version()).toBe(200);
  });

  test('ends, hub and edge too, when an administrator says so through the API', async () => {
    const [hub, edge] = [atoll.pidOf('hub'), atoll.pidOf('edge')];
    const answer = await fetch(`${atoll.url}/hub/api/shutdown`, {
      method: 'POST',
      headers: { authorization: `token ${adminToken}` },
    });
    expect(answer.status).toBe(202);
    expect(await answer.json()).toEqual({ message: 'Shutting down Hub' });
    expect(await atoll.ended()).toBe(0);
    expect([isRunning(hub), isRunning(edge)]).toEqual([false, false]);
  });
});

test('with accounts that people make themselves, the first administrator comes in by a link', async () => {
  const atoll = await Atoll.start({
    settings: `
jupyterhub:
  hub:
    config:
      JupyterHub: { authenticator_class: native }
      Authenticator: { admin_users: [Ada] }
`,
  });
  try {
    expect(atoll.output).toMatch(/This link signs in, once, as Ada: \S+\n/);
    expect(atoll.output).toContain(`Sign in: ${atoll.url}/hub/login\n`);
    const browser = new BrowserSession(atoll.url);
    await browser.request(atoll.signInLink, { headers: { 'sec-fetch-user': '?1' } });
    expect((await browser.request('/hub/change-password')).status).toBe(200);
    const [password, _xsrf = ''] = ['a long new password', browser.cookie('_xsrf')];
    const form = { password, repeated: password, _xsrf };
    expect((await browser.request('/hub/change-password', { form })).status).toBe(200);
    await atoll.stop();
    await atoll.up();
    expect(atoll.output).not.toContain('once');
  } finally {
    await atoll.end();
  }
});

test('set-up that is interrupted says how to go on', async () => {
  const index = createServer().listen(0, '127.0.0.1');
  await once(index, 'listening');
  const data = mkdtempSync(join(tmpdir(), 'atoll-test-'));
  const started = spawn(program, ['up', '--data', data, '--port', String(await freePort())], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...process.env,
      ATOLL_PYTHON_ENV: '',
      // An index that takes connections and never answers.
      UV_DEFAULT_INDEX: `http://127.0.0.1:${(index.address() as AddressInfo).port}/simple/`,
    },
  });
  const ended = once(started, 'exit');
  let printed = '';
  started.stderr.on('data', (bytes: Buffer) => void (printed += bytes.toString()));
  await once(index, 'connection');
  started.kill('SIGINT');
  expect(await ended).toEqual([1, null]);
  expect(printed).toMatch(/\nSet-up was interrupted\. Run the command again, and it goes on\.\n$/);
  expect(printed).not.toContain('    at ');
  index.close();
  rmSync(data, { recursive: true, force: true });
});
