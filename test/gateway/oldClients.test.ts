import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { Atoll } from '../support/atoll.ts';
import { GatewayScript, pythonOfTests } from '../support/gatewayScript.ts';
import { pythonVenv } from '../support/pythonVenv.ts';
import { until } from '../support/until.ts';

const serviceToken = 'token-of-the-test-service-0123456789';

/** Schedulers and workers in an environment of the old versions, started as in an image that has them. */
const settings = (python: string): string => `
jupyterhub:
  hub:
    config:
      JupyterHub: { authenticator_class: dummy }
      DummyAuthenticator: { password: a-password-for-the-tests }
      Authenticator: { allow_all: true }
    services:
      tests: { apiToken: ${serviceToken}, admin: true }
atoll:
  clusters:
    schedulerCommand: [${python}, -m, distributed.cli.dask_scheduler]
    workerCommand: [${python}, -m, distributed.cli.dask_worker]
`;

let atoll: Atoll | undefined;
let script: GatewayScript | undefined;
afterEach(async () => {
  script?.kill();
  await atoll?.end();
});

async function tokenOfAda({ url }: Atoll): Promise<string> {
  const ask = (path: string): Promise<Response> =>
    fetch(`${url}/hub/api${path}`, {
      method: 'POST',
      headers: { authorization: `token ${serviceToken}`, 'content-type': 'application/json' },
      body: '{}',
    });
  await ask('/users/ada');
  return ((await (await ask('/users/ada/tokens')).json()) as { token: string }).token;
}

describe('clients and images of earlier years', { timeout: 300_000 }, () => {
  test.each([
    ['2022.10.0', '2022.12.1'],
    ['2024.1.0', '2024.1.0'],
  ])('dask-gateway %s with Dask %s: make, scale, compute, adapt, list with basic sign-in', async (gateway, dask) => {
    const packages = [`dask-gateway==${gateway}`, `dask==${dask}`, `distributed==${dask}`];
    const environment = await pythonVenv(`dask-gateway-client-${gateway}`, pythonOfTests(), packages);
    const python = join(environment, 'bin/python');
    atoll = await Atoll.start({ settings: settings(python) });
    const token = await tokenOfAda(atoll);
    script = new GatewayScript('oldClient', atoll.url, token, python);
    const told = await script.next<{ name: string }>();
    const { name } = told;
    expect(told).toEqual({
      name,
      versions: [gateway, dask],
      total: 45,
      adapted: 'adapted',
      listed: [name],
      link: `/services/dask-gateway/clusters/${name}/status`,
    });
    const { url } = atoll;
    expect(
      await until('what the scheduler’s preload tells', async () => {
        const answer = await fetch(`${url}/services/dask-gateway/api/v1/clusters/${name}/explanation`, {
          headers: { authorization: `jupyterhub ${token}` },
        });
        return ((await answer.json()) as { versions: Record<string, string> }).versions.distributed;
      }),
    ).toBe(dask);
    script.tell('');
    await script.end();
  });
});
