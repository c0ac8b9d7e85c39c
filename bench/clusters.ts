import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { ensureEnvironment } from '../src/environment/ensureEnvironment.ts';
import { Atoll } from '../test/support/atoll.ts';
import { DaskGatewayPeer } from './support/daskGatewayPeer.ts';
import { createUser } from './support/serverStart.ts';
import { median, seconds } from './support/statistics.ts';

// Atoll beside dask-gateway's own server, and beside `dask scheduler` and `dask worker` started by hand, with the same
// Python environment, in one run: from GatewayCluster() through scale(4) and get_client() to the first result. Each round
// is a program of its own, since a notebook that makes its first cluster is one too; the rounds of the three alternate.
//
//   node bench/clusters.ts [--rounds 7] [--workers 4]

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '7' }, workers: { type: 'string', default: '4' } },
});
const rounds = Number(values.rounds);
const cache = resolve(import.meta.dirname, '../.cache');
const token = 'bench-token-of-atoll-0123456789';
// Fork servers are for environments that Atoll built itself.
delete process.env.ATOLL_PYTHON_ENV;
const environment = await ensureEnvironment({ stateDirectory: cache, onProgress: (line) => console.error(line) });
const bin = (program: string): string => join(environment.directory, 'bin', program);

/** Seconds from the first call. */
interface Round {
  /** GatewayCluster() has returned; by hand: the client is connected. */
  made: number;
  /** The first result is there. */
  first: number;
  /** All workers are there and have computed. */
  all: number;
}

/** Pause between rounds, for what the last one left to end. */
const pauseMs = 3000;

const data = mkdtempSync(join(tmpdir(), 'atoll-bench-'));
mkdirSync(join(data, 'data'));
symlinkSync(join(cache, 'python'), join(data, 'data', 'python'));
const settings = `
jupyterhub:
  hub:
    config:
      JupyterHub: { authenticator_class: dummy }
      DummyAuthenticator: { password: a-password-for-the-bench }
    services:
      bench: { apiToken: ${token}, admin: true }
`;
const atoll = await Atoll.start({ settings, data: join(data, 'data') });
const peer = await DaskGatewayPeer.start(environment.directory);
try {
  await measure();
} finally {
  await peer.end();
  await atoll.end();
  rmSync(data, { recursive: true, force: true });
}

async function measure(): Promise<void> {
  const ours = await gatewayVariables(atoll);
  const theirs = { DASK_GATEWAY__ADDRESS: peer.address };
  const firstOfAll = await round('gatewayRound.py', [], ours);
  // The same for the peer and by hand: files are in the page cache from here on.
  await round('gatewayRound.py', [], theirs);
  await round('byHandRound.py', [bin('dask')], {});
  const results: Record<'atoll' | 'peer' | 'byHand', Round[]> = { atoll: [], peer: [], byHand: [] };
  for (let done = 0; done < rounds; done++) {
    results.atoll.push(await round('gatewayRound.py', [], ours));
    results.peer.push(await round('gatewayRound.py', [], theirs));
    results.byHand.push(await round('byHandRound.py', [bin('dask')], {}));
  }
  console.log(
    `A user's very first cluster with Atoll (their fork server begins with it): ${firstOfAll.first.toFixed(2)} s`,
  );
  console.log('| | Atoll | dask-gateway | ratio | by hand | ratio |\n| --- | --- | --- | --- | --- | --- |');
  for (const [key, name] of [
    ['made', 'GatewayCluster() returns (by hand: the client is connected)'],
    ['first', 'to the first result'],
    ['all', `to results of all ${values.workers} workers`],
  ] as const) {
    const [a, p, h] = [results.atoll, results.peer, results.byHand].map((list) => list.map((one) => one[key]));
    const cells = [seconds(a!), seconds(p!), ratio(a!, p!), seconds(h!), ratio(a!, h!)];
    console.log(`| ${name} | ${cells.join(' | ')} |`);
  }
}

function ratio(ours: number[], theirs: number[]): string {
  return (median(ours) / median(theirs)).toFixed(2);
}

/** What a server of a user has in its environment, with a token of theirs. */
async function gatewayVariables({ url }: Atoll): Promise<Record<string, string>> {
  await createUser({ url, token }, 'ada');
  const response = await fetch(`${url}/hub/api/users/ada/tokens`, {
    method: 'POST',
    headers: { authorization: `token ${token}`, 'content-type': 'application/json' },
    body: '{}',
  });
  const issued = (await response.json()) as { token: string };
  return {
    JUPYTERHUB_API_TOKEN: issued.token,
    DASK_GATEWAY__AUTH__TYPE: 'jupyterhub',
    DASK_GATEWAY__ADDRESS: `${url}/services/dask-gateway/`,
  };
}

async function round(script: string, words: string[], variables: Record<string, string>): Promise<Round> {
  await wait(pauseMs);
  const path = resolve(import.meta.dirname, 'support', script);
  const { stdout } = await promisify(execFile)(bin('python'), [path, ...words, values.workers], {
    env: { ...process.env, ...variables },
    timeout: 120_000,
  });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Round;
}
