import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { defaultSettings, type ServerSettings } from '../../src/config/settings.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { createProcessRuntime, type ProcessRuntime } from '../../src/runtimes/process/processRuntime.ts';
import { openSqlite } from '../../src/store/openSqlite.ts';
import { type SmallHub, startSmallHub } from '../support/smallHub.ts';
import { until } from '../support/until.ts';

const environment = process.env.ATOLL_PYTHON_ENV ?? '';
if (environment === '') throw new Error('ATOLL_PYTHON_ENV must name a Python environment; scripts/test sets it');

/** One machine with a hub on it; everything on disk, so that the hub can be replaced. */
class Machine {
  readonly folder = mkdtempSync(join(tmpdir(), 'atoll-server-'));
  readonly #settings: ServerSettings;
  #parts: { hub: SmallHub; runtime: ProcessRuntime; close(): Promise<void> } | undefined;
  #port: number | undefined;

  constructor(settings: Partial<ServerSettings> = {}) {
    this.#settings = { ...defaultSettings().servers, ...settings };
  }

  get hub(): SmallHub {
    if (!this.#parts) throw new Error('no hub runs');
    return this.#parts.hub;
  }

  get runtime(): ProcessRuntime {
    if (!this.#parts) throw new Error('no hub runs');
    return this.#parts.runtime;
  }

  /** The home of a user without an account on this machine. */
  home(user: string): string {
    return join(this.folder, 'homes', user);
  }

  /** Starts a hub, or the next one on the same data and port. */
  async up(): Promise<void> {
    const runtime = createProcessRuntime({
      directory: join(this.folder, 'processes'),
      environment: { python: join(environment, 'bin/python'), directory: environment, owned: false },
      installationId: this.folder.slice(-6).toLowerCase(),
      log: silentLogger(),
    });
    await runtime.open();
    const store = await openSqlite(join(this.folder, 'atoll.db'));
    const hub = await startSmallHub({
      runtime,
      store,
      settings: { servers: this.#settings },
      ...(this.#port !== undefined && { port: this.#port }),
    });
    this.#port = Number(new URL(hub.url).port);
    const close = async (): Promise<void> => {
      await hub.close();
      await runtime.close();
      await store.close();
    };
    this.#parts = { hub, runtime, close };
  }

  /** Ends the hub; servers go on. */
  async down(): Promise<void> {
    await this.#parts?.close();
    this.#parts = undefined;
  }

  /** Ends everything. */
  async end(): Promise<void> {
    if (!this.#parts) await this.up();
    for (const { user, name } of await this.hub.servers.list()) await this.hub.servers.stop(user, name);
    await until('all servers to end', async () => (await this.runtime.list()).length === 0);
    await this.down();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Starts a server through the API, and gives its address and a token of its owner. */
  async start(user: string): Promise<{ status: number; text: string; url: string; authorization: string }> {
    const authorization = await this.hub.authorizationOf(user);
    const answer = await fetch(`${this.hub.url}/hub/api/users/${user}/server`, {
      method: 'POST',
      headers: { authorization },
    });
    const text = await answer.text();
    const server = await until('the end of the start', async () => {
      const current = await this.hub.servers.get(user, '');
      return current && current.phase !== 'starting' && current;
    });
    const [seen] = (await this.runtime.list()).filter(({ id }) => id === server.workloadId);
    return { status: answer.status, text, url: `http://127.0.0.1:${seen?.ports.http}/user/${user}/`, authorization };
  }
}

const machines: Machine[] = [];

async function openMachine(settings: Partial<ServerSettings> = {}): Promise<Machine> {
  const machine = new Machine(settings);
  machines.push(machine);
  await machine.up();
  return machine;
}

afterEach(async () => {
  for (const machine of machines.splice(0)) await machine.end();
});

describe('the real single-user server', () => {
  test('starts, opens for its owner only, reports activity, and has the environment it needs', async () => {
    const machine = await openMachine({ environment: { WHOSE: '{username}', LINK: '/user/{JUPYTERHUB_USER}/{port}' } });
    // As pyenv and conda have it: another python in front of everything, in each new shell.
    const others = join(machine.home('ada'), 'others');
    mkdirSync(others, { recursive: true });
    writeFileSync(join(others, 'python'), '#!/bin/sh\n', { mode: 0o755 });
    writeFileSync(join(machine.home('ada'), '.bashrc'), 'export PATH="$HOME/others:$PATH"\n');
    const { status, url, authorization } = await machine.start('ada');
    expect([201, 202]).toContain(status);
    const lab = await fetch(`${url}lab`, { headers: { authorization } });
    expect([lab.status, await lab.text()]).toEqual([200, expect.stringContaining('jupyter-config-data')]);
    const bob = await machine.hub.authorizationOf('bob');
    expect((await fetch(`${url}api/contents`, { headers: { authorization: bob } })).status).toBe(403);
    expect((await fetch(`${url}lab`, { redirect: 'manual' })).status).toBe(302);
    const settings = { method: 'POST', headers: { authorization, 'content-type': 'application/json' } };
    const terminal = (await (await fetch(`${url}api/terminals`, { ...settings, body: '{}' })).json()) as {
      name: string;
    };
    const socket = new WebSocket(
      `${url.replace('http', 'ws')}terminals/websocket/${terminal.name}?token=${authorization.slice('token '.length)}`,
    );
    let printed = '';
    socket.addEventListener('message', ({ data }) => (printed += String(data)));
    await until('the terminal', () => socket.readyState === WebSocket.OPEN && printed.includes('setup'));
    const command =
      'echo "<$WHOSE|$LINK|$DASK_GATEWAY__ADDRESS|$DASK_LABEXTENSION__FACTORY__CLASS|$PWD|$(command -v python)>"\r';
    socket.send(JSON.stringify(['stdin', command]));
    const expected = [
      'ada',
      '/user/ada/{port}',
      `${machine.hub.url}/services/dask-gateway/`,
      'GatewayCluster',
      machine.home('ada'),
      join(environment, 'bin/python'),
    ];
    // A narrow terminal breaks long lines.
    await until('the variables', () =>
      printed.replace(/[^\x20-\x7e]|\\r|\\n/g, '').includes(`<${expected.join('|')}>`),
    );
    socket.close();
    await until('a report of activity', async () => (await machine.hub.servers.get('ada', ''))?.lastActivity);
  });

  test('that is killed is failed at once, with the signal', async () => {
    const machine = await openMachine();
    const { url, authorization } = await machine.start('ada');
    const kill = { method: 'POST', headers: { authorization, 'content-type': 'application/json' } };
    const kernel = await fetch(`${url}api/kernels`, { ...kill, body: '{}' });
    expect(kernel.status).toBe(201);
    const pid = await pidOfServer(machine);
    const killed = performance.now();
    process.kill(pid, 'SIGKILL');
    const server = await until('the failure', async () => {
      const current = await machine.hub.servers.get('ada', '');
      return current?.failure && current;
    });
    // Promised within a second, on a machine that has nothing else to do.
    expect(performance.now() - killed).toBeLessThan(7500);
    expect(server.failure).toMatchObject({ during: 'run', signal: 'SIGKILL', exitCode: null });
    await until('its route is gone', () => machine.hub.routes.table.size === 0);
  });

  test('that its owner shuts down from within is stopped, not failed', async () => {
    const machine = await openMachine();
    const { url, authorization } = await machine.start('ada');
    expect((await fetch(`${url}api/shutdown`, { method: 'POST', headers: { authorization } })).status).toBe(200);
    const server = await until('the stop', async () => {
      const current = await machine.hub.servers.get('ada', '');
      return current?.phase !== 'ready' && current?.phase !== 'stopping' && current;
    });
    expect(server).toMatchObject({ phase: 'stopped', failure: null });
  });

  test('that fails while starting tells its last error, without its token', async () => {
    const machine = await openMachine();
    const folder = join(machine.home('ada'), '.jupyter');
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, 'jupyter_server_config.py'),
      'import os\nprint("token:", os.environ["JUPYTERHUB_API_TOKEN"], flush=True)\nos._exit(7)\n',
    );
    const { status, text } = await machine.start('ada');
    expect(status).toBe(500);
    expect(JSON.parse(text)).toMatchObject({
      code: 'ATOLL_SERVER_EXITED',
      message: expect.stringContaining('7') as string,
    });
    const server = await machine.hub.servers.get('ada', '');
    expect(server?.failure).toMatchObject({ during: 'start', exitCode: 7 });
    expect(server?.failure?.logTail.join('\n')).toContain('token: <hidden>');
  });

  test('goes on while the hub is away, is led to again by the next hub, and stops', async () => {
    const machine = await openMachine();
    const { url, authorization } = await machine.start('ada');
    await machine.down();
    expect((await fetch(`${url}api`)).status).toBe(200);
    await machine.up();
    const port = Number(new URL(url).port);
    // Published before the hub has begun to work: the edge's first snapshot has it.
    expect([...machine.hub.routes.table.values()]).toMatchObject([{ id: 'server:ada/', target: { port } }]);
    expect((await fetch(`${url}api/status`, { headers: { authorization } })).status).toBe(200);
    await machine.hub.servers.stop('ada', '');
    await until('the stop', async () => (await machine.hub.servers.get('ada', ''))?.phase === 'stopped');
    await expect(fetch(`${url}api`)).rejects.toThrow('fetch failed');
  });
});

/** The main process of the only workload. */
async function pidOfServer(machine: Machine): Promise<number> {
  const [seen] = await machine.runtime.list();
  const folder = join(machine.folder, 'processes/workloads', seen?.id ?? '');
  const file = readdirSync(folder).find((name) => /^process\..*json$/.test(name)) ?? '';
  return (JSON.parse(readFileSync(join(folder, file), 'utf8')) as { pid: number }).pid;
}
