import { afterAll, beforeAll, expect, test } from 'vitest';
import { Atoll } from '../support/atoll.ts';
import { GatewayScript, pythonOfTests } from '../support/gatewayScript.ts';
import { until } from '../support/until.ts';

const serviceToken = 'token-of-the-test-service-0123456789';

/** What servers have beside what every client has (src/runtimes/process/daskClient.ts). */
const ofServers = {
  DASK_GATEWAY__AUTH__TYPE: 'atoll_gateway.HubAuth',
  DASK_LABEXTENSION__FACTORY__MODULE: 'atoll_gateway',
  DASK_LABEXTENSION__FACTORY__CLASS: 'GatewayCluster',
};

let atoll: Atoll;
beforeAll(async () => {
  atoll = await Atoll.start({
    settings: `
jupyterhub:
  hub:
    config: { JupyterHub: { authenticator_class: dummy }, DummyAuthenticator: { password: a-password-for-the-tests } }
    services: { tests: { apiToken: ${serviceToken}, admin: true } }
atoll:
  clusters:
    limits: { user: { clusters: 1 } }
`,
  });
});
afterAll(() => atoll?.end());

/** A script that somebody runs in their server. */
async function start(name: string, user: string): Promise<GatewayScript> {
  const ask = (path: string): Promise<Response> =>
    fetch(`${atoll.url}/hub/api/users/${user}${path}`, {
      method: 'POST',
      headers: { authorization: `token ${serviceToken}`, 'content-type': 'application/json' },
      body: '{}',
    });
  await ask('');
  const { token } = (await (await ask('/tokens')).json()) as { token: string };
  return new GatewayScript(name, atoll.url, token, pythonOfTests(), ofServers);
}

/** What a script prints that runs to its end. */
async function run<T>(name: string, user: string): Promise<T> {
  const script = await start(name, user);
  try {
    const told = await script.next<T>();
    await script.end();
    return told;
  } finally {
    script.kill();
  }
}

test('a person whose cluster waits reads why, in the output of the cell, once', async () => {
  const { read, status } = await run<{ read: string; status: string }>('queued', 'ada');
  // On a slow machine there is more to say.
  expect(read).toMatch(
    /^Your cluster waits for its turn: ada may have 1 cluster at a time, and has 1\.\n(Its process is being started\.\n|The scheduler of your cluster is starting\.\n)*$/,
  );
  expect(status).toBe('running');
});

test('the Dask panel of JupyterLab has adaptive clusters, and shows what a cluster waits for', async () => {
  expect(await run('panel', 'grace')).toEqual({
    made: 'GatewayCluster 1',
    adapted: { minimum: 1, maximum: 2 },
    changed: { minimum: 2, maximum: 2 },
    begins: 0,
    waits: 'Your cluster waits for its turn: grace may have 1 cluster at a time, and has 1.',
    runs: expect.stringMatching(/^gateway:/) as string,
    third: 'Your cluster waits for its turn: grace may have 1 cluster at a time, and has 1.',
    left: ['two'],
  });
});

test('a client that is thrown away closes itself, whichever thread finds it', async () => {
  expect(await run('thrownAway', 'edsger')).toEqual({ runs: false });
});

test('a computation goes on when the edge is killed, because the client is connected to the scheduler itself', async () => {
  const script = await start('edgeDies', 'katherine');
  try {
    await script.next();
    const edge = atoll.pidOf('edge');
    process.kill(edge, 'SIGKILL');
    await until('another edge', () => atoll.pidOf('edge') !== edge);
    script.tell('another');
    // A scheduler that is not where it was said to be is asked for through the edge.
    expect(await script.next()).toEqual({ total: 45, answer: 42, known: [] });
    await script.end();
  } finally {
    script.kill();
  }
});
