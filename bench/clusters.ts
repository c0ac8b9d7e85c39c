/**
 * Clusters beside dask-gateway's own server, and beside `dask scheduler` and `dask worker` started by hand, with the same
 * Python environment, in one run; rounds alternate, so that a busy moment of the machine counts for all.
 *
 *   node bench/clusters.ts [--rounds 3] [--only starts|traffic|burst|list]
 *
 * starts: from GatewayCluster() to a client, workers and the first result. traffic: what a client's way to its scheduler costs.
 * burst: a hundred clusters with five (played) workers each, asked for at once. list: a thousand clusters of one user.
 */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureEnvironment } from '../src/environment/ensureEnvironment.ts';
import { adminSettings, adminToken } from '../test/support/adminService.ts';
import { Atoll } from '../test/support/atoll.ts';
import { measureBurst } from './clusters/burst.ts';
import { measureList } from './clusters/list.ts';
import { measureStarts } from './clusters/starts.ts';
import { measureTraffic } from './clusters/traffic.ts';
import { handIn, part } from './report/handIn.ts';
import { DaskGatewayPeer } from './support/daskGatewayPeer.ts';
import { createUser } from './support/serverStart.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, only: { type: 'string', default: '' } },
});
const rounds = Number(values.rounds);
const isAsked = (part: string): boolean => values.only === '' || values.only === part;
const cache = resolve(import.meta.dirname, '../.cache');
// Fork servers are for environments that Atoll built itself.
delete process.env.ATOLL_PYTHON_ENV;
const { directory: environment } = await ensureEnvironment({
  stateDirectory: cache,
  onProgress: (line) => console.error(line),
});

const parts = {
  starts,
  // Rounds of it are short, and three hundredths are what it is about.
  traffic: () => withAtoll(true, async (variables) => handIn(await measureTraffic(environment, variables, 2 * rounds))),
  burst: async () => handIn(await measureBurst(rounds)),
  list: async () => handIn([await measureList(join(environment, 'bin/python'), rounds)]),
};
for (const [name, work] of Object.entries(parts)) if (isAsked(name)) await part(name, work);

async function starts(): Promise<void> {
  const peer = await DaskGatewayPeer.start(environment).catch((error: unknown) => String(error));
  try {
    await withAtoll(true, (atoll) =>
      withAtoll(false, async (withoutForkServers) => {
        const daskGateway = typeof peer === 'string' ? { missing: peer } : { DASK_GATEWAY__ADDRESS: peer.address };
        handIn(await measureStarts({ environment, atoll, withoutForkServers, daskGateway }, rounds, '4'));
      }),
    );
  } finally {
    if (typeof peer !== 'string') await peer.end();
  }
}

/** Runs an Atoll; `work` gets what a server of a user has in its environment, with a token of theirs. */
async function withAtoll(
  forkServers: boolean,
  work: (variables: Record<string, string>) => Promise<void>,
): Promise<void> {
  const data = mkdtempSync(join(tmpdir(), 'atoll-bench-'));
  mkdirSync(join(data, 'data'));
  symlinkSync(join(cache, 'python'), join(data, 'data', 'python'));
  // Under another path it is somebody else's, as far as Atoll can tell.
  const given = join(data, 'given');
  symlinkSync(environment, given);
  process.env.ATOLL_PYTHON_ENV = forkServers ? '' : given;
  const atoll = await Atoll.start({ settings: adminSettings, data: join(data, 'data') });
  try {
    await work(await gatewayVariables(atoll));
  } finally {
    await atoll.end();
    rmSync(data, { recursive: true, force: true });
  }
}

async function gatewayVariables({ url }: Atoll): Promise<Record<string, string>> {
  await createUser({ url, token: adminToken }, 'ada');
  const response = await fetch(`${url}/hub/api/users/ada/tokens`, {
    method: 'POST',
    headers: { authorization: `token ${adminToken}`, 'content-type': 'application/json' },
    body: '{}',
  });
  const issued = (await response.json()) as { token: string };
  return {
    JUPYTERHUB_API_TOKEN: issued.token,
    DASK_GATEWAY__AUTH__TYPE: 'atoll_gateway.HubAuth',
    PYTHONPATH: resolve(import.meta.dirname, '../python/client'),
    DASK_GATEWAY__ADDRESS: `${url}/services/dask-gateway/`,
  };
}
