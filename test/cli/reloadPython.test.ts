import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Atoll } from '../support/atoll.ts';
import { until } from '../support/until.ts';

const token = 'token-of-the-test-service-0123456789';

describe('Python, and files that are referred to, in settings that change while Atoll runs', () => {
  let folder: string;
  let atoll: Atoll;
  let ada: string;

  /** Options of clusters with a version, and a hook that writes down when it begins and, once the file `go` is there, ends. */
  const settings = ({ version = '1', python = '', admins = '[root]' } = {}): string => `
jupyterhub:
  hub:
    config:
      Authenticator: { allow_all: true, admin_users: ${admins} }
    services:
      tests: { apiToken: ${token}, admin: true }
    extraConfig:
      sign-in: c.JupyterHub.authenticator_class = "dummy"
      url: c.Spawner.default_url = "/version/${version}"
      hook: |
        import asyncio, os
        def note(what):
            with open("${folder}/" + what, "w") as file:
                file.write("${version}")
        async def before(spawner):
            note("begun")
            while not os.path.exists("${folder}/go"):
                await asyncio.sleep(0.05)
            note("ended")
            raise RuntimeError("no server in this test")
        c.Spawner.pre_spawn_hook = before
  singleuser:
    extraEnv: { PASSWORD_OF_TESTS: { fromFile: ${join(folder, 'password')} } }
dask-gateway:
  gateway:
    extraConfig: |
      from dask_gateway_server.options import Options, String
      c.Backend.cluster_options = lambda user: Options(String("version", default="${version}"))
      ${python}
`;

  const call = async (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${atoll.url}/hub/api${path}`, { ...init, headers: { authorization: `token ${token}` } });
  const report = async (): Promise<Record<string, unknown>> =>
    (await (await call('/settings')).json()) as Record<string, unknown>;
  const version = async (): Promise<unknown> => {
    const answer = await fetch(`${atoll.url}/services/dask-gateway/api/v1/options`, {
      headers: { authorization: `jupyterhub ${ada}` },
    });
    const { cluster_options: options } = (await answer.json()) as { cluster_options: { default: string }[] };
    return options[0]?.default;
  };
  const replace = (file: string, text: string): void => {
    writeFileSync(`${file}~`, text);
    renameSync(`${file}~`, file);
  };
  const write = (text: string): void => replace(join(atoll.data, 'test-settings.yaml'), text);
  const printed = (text: string | RegExp, from = 0): Promise<unknown> =>
    until(`"${text}" on the terminal`, () => atoll.output.slice(from).search(text) !== -1);
  /** The processes that run the hub's Python. */
  const pythons = (): number[] => {
    const hub = String(atoll.pidOf('hub'));
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && parentOf(name) === hub && commandOf(name).includes('bridge/main.py'))
      .map(Number);
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'atoll-reload-'));
    writeFileSync(join(folder, 'password'), 'first\n');
    // The authenticator that lets anybody reach it is Python's: it counts like one in the file.
    atoll = await Atoll.start({ settings: settings(), host: '0.0.0.0' });
    await call('/users/ada', { method: 'POST' });
    ({ token: ada } = (await (await call('/users/ada/tokens', { method: 'POST' })).json()) as { token: string });
  });
  afterAll(async () => {
    await atoll?.end();
    rmSync(folder, { recursive: true, force: true });
  });

  test('other Python counts without a restart; a call of the old one that is under way comes to its end', async () => {
    const [hub, [old]] = [atoll.pidOf('hub'), pythons()];
    expect(await version()).toBe('1');
    void call('/users/ada/server', { method: 'POST' });
    await until('the hook', () => existsSync(join(folder, 'begun')));
    write(settings({ version: '2' }));
    await printed('are in force.\n');
    expect(atoll.output).toMatch(/At once: .*jupyterhub\.hub\.extraConfig\.url/);
    expect(atoll.output).toMatch(/now on: jupyterhub\.hub\.config\.Spawner\.default_url\n/);
    expect(await version()).toBe('2');
    expect(pythons()).toContain(old);
    writeFileSync(join(folder, 'go'), '');
    await until('the end of the hook', () => existsSync(join(folder, 'ended')));
    expect(readFileSync(join(folder, 'ended'), 'utf8')).toBe('1');
    await until('the end of the old Python', () => !pythons().includes(old ?? 0));
    expect(pythons()).toHaveLength(1);
    expect(atoll.pidOf('hub')).toBe(hub);
  });

  test('broken Python is refused with its line: the old one stays, and administrators are told', async () => {
    const [from, before] = [atoll.output.length, pythons()];
    write(settings({ version: '3', python: '1 / 0' }));
    await printed(/refused; the old settings stay in force\.\n {2}\S+:\d+:7: ZeroDivisionError/, from);
    const { refused } = await until('the report', async () => {
      const told = await report();
      return told.refused !== null && told;
    });
    expect(refused).toMatchObject({ problems: [expect.stringContaining('ZeroDivisionError')] });
    expect(await version()).toBe('2');
    expect(pythons()).toEqual(before);
    write(settings({ version: '2' }));
    await printed('The settings files say again what is in force.', from);
  });

  test('a file that is referred to counts when it changes, when it goes, and when it comes back', async () => {
    const from = atoll.output.length;
    const [hub] = [atoll.pidOf('hub')];
    replace(join(folder, 'password'), 'second\n');
    await printed(/now on: jupyterhub\.singleuser\.extraEnv\.PASSWORD_OF_TESTS\n/, from);
    rmSync(join(folder, 'password'));
    await printed(/refused; .*\n.*There is no file/, from);
    const again = atoll.output.length;
    writeFileSync(join(folder, 'password'), 'third\n');
    await printed(/now on: jupyterhub\.singleuser\.extraEnv\.PASSWORD_OF_TESTS\n/, again);
    expect(atoll.pidOf('hub')).toBe(hub);
    expect(atoll.output).not.toMatch(/first|second|third/);
  });

  test('a hub that is killed starts again by what is in force, though a file is gone', async () => {
    rmSync(join(folder, 'password'));
    process.kill(atoll.pidOf('hub'), 'SIGKILL');
    await until('a new hub', async () => (await call('/').catch(() => undefined))?.status === 200);
    expect(await version()).toBe('2');
    writeFileSync(join(folder, 'password'), 'third\n');
  });

  test('settings that only a starting hub reads start it anew, its Python too', async () => {
    const [from, hub] = [atoll.output.length, atoll.pidOf('hub')];
    write(settings({ version: '4', admins: '[root, grace]' }));
    await printed(/only a hub that starts .*\n[^]*in force\.\n/, from);
    expect(atoll.pidOf('hub')).not.toBe(hub);
    expect(await version()).toBe('4');
  });

  test('Python that is taken away ends', async () => {
    const from = atoll.output.length;
    write(settings({ version: '4', admins: '[root, grace]' }).replace(/dask-gateway:[^]*/, ''));
    await printed('in force.\n', from);
    expect(await version()).toBeUndefined();
  });

  test('without its authenticator it may not go on at this address', async () => {
    const from = atoll.output.length;
    write(settings({ admins: '[root, grace]' }).replace(/ +sign-in:.*\n/, ''));
    await printed(/refused; .*\n.*Atoll will not listen on 0\.0\.0\.0: no authenticator is configured/, from);
    expect((await call('/')).status).toBe(200);
  });
});

function parentOf(pid: string): string | undefined {
  return /^PPid:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1];
}

function commandOf(pid: string): string {
  return read(`/proc/${pid}/cmdline`);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // It ended meanwhile.
  }
}
