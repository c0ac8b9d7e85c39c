import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Atoll } from '../support/atoll.ts';
import { GatewayScript } from '../support/gatewayScript.ts';
import { until } from '../support/until.ts';

const seed = resolve(import.meta.dirname, '../config/values/daskhub-2021.yaml');
const serviceToken = 'token-of-the-test-service-0123456789';
/** The only thing that the file cannot have: a way to sign in to this test's hub. */
const more = `
jupyterhub:
  hub:
    config:
      JupyterHub: { authenticator_class: dummy }
      DummyAuthenticator: { password: a-password-for-the-tests }
      Authenticator: { allow_all: true }
    services:
      tests: { apiToken: ${serviceToken}, admin: true }
`;

async function tokenOf(atoll: Atoll, user: string): Promise<string> {
  const ask = (path: string): Promise<Response> =>
    fetch(`${atoll.url}/hub/api${path}`, {
      method: 'POST',
      headers: { authorization: `token ${serviceToken}`, 'content-type': 'application/json' },
      body: '{}',
    });
  await ask(`/users/${user}`);
  return ((await (await ask(`/users/${user}/tokens`)).json()) as { token: string }).token;
}

describe('the daskhub file of 2021, verbatim', () => {
  let atoll: Atoll;
  beforeAll(async () => {
    atoll = await Atoll.start({ settings: more, arguments: ['-f', seed] });
  });
  afterAll(() => atoll?.end());

  test('its Python makes the options of clusters: a client that leaves the tag out hears so, others get a cluster', async () => {
    const script = new GatewayScript('seed', atoll.url, await tokenOf(atoll, 'ada'));
    const told = await script.next();
    await script.end();
    const image = 'ghcr.io/nrdg/autofq-daskhub:0546ce5f054b';
    expect(told).toEqual({
      shown: { image },
      untagged: 'ValueError: When specifying an image you must also provide a tag',
      unknown: expect.stringContaining("ValueError: Unknown fields ['colour']"),
      left: 0,
      kept: { image },
      total: 45,
    });
  });

  test('the Python process is one of the hub’s; killed, it is started again, and nobody notices', async () => {
    const pidOf = (): number | undefined => bridgePids(atoll.pidOf('hub'))[0];
    const pid = pidOf();
    expect(pid).toBeDefined();
    process.kill(pid ?? 0, 'SIGKILL');
    await until('its end', () => pidOf() === undefined);
    const response = await fetch(`${atoll.url}/services/dask-gateway/api/v1/clusters/`, {
      method: 'POST',
      headers: { authorization: `jupyterhub ${await tokenOf(atoll, 'bob')}`, 'content-type': 'application/json' },
      body: JSON.stringify({ cluster_options: { image: 'untagged' } }),
    });
    expect([response.status, await response.json()]).toEqual([
      422,
      expect.objectContaining({ error: 'When specifying an image you must also provide a tag' }),
    ]);
    expect(pidOf()).not.toBe(pid);
  });
});

/** Processes that run python/bridge/main.py as children of a hub. */
function bridgePids(hub: number): number[] {
  const { stdout } = spawnSync('ps', ['--ppid', String(hub), '-o', 'pid='], { encoding: 'utf8' });
  return stdout
    .split('\n')
    .map(Number)
    .filter((pid) => pid > 0 && commandOf(pid).includes('bridge/main.py'));
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
