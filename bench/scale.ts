/**
 * What a large hub takes: 50,000 users, from the start of the program to `Ready`, a page of users straight after it, and its
 * memory; and, beside JupyterHub, 1, 100 and 1,000 people who start a stub server at once, and a restart with 1,000 servers.
 * Stub servers are simulated: one program answers for all of them, and nothing is started but in the books of the hub.
 *
 *   node bench/scale.ts [--rounds 3] [--users 50000] [--starts 1000] [--peer-starts 200] [--peers 6.1,5.5]
 *                       [--only users|starts|restart]
 */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureEnvironment } from '../src/environment/ensureEnvironment.ts';
import { handIn, part } from './report/handIn.ts';
import { measureLargeHub } from './scale/largeHub.ts';
import { measureRestart } from './scale/restart.ts';
import { startAnswers } from './scale/simulatedAtoll.ts';
import { measureStubServers } from './scale/stubServers.ts';
import { jupyterHubVersions } from './support/jupyterHubVersions.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    users: { type: 'string', default: '50000' },
    starts: { type: 'string', default: '1000' },
    'peer-starts': { type: 'string', default: '200' },
    peers: { type: 'string', default: '6.1,5.5' },
    only: { type: 'string', default: '' },
  },
});
const rounds = Number(values.rounds);
const starts = { ours: Number(values.starts), theirs: Number(values['peer-starts']) };
const isAsked = (part: string): boolean => values.only === '' || values.only === part;
const environment = await ensureEnvironment({
  stateDirectory: resolve(import.meta.dirname, '../.cache'),
  onProgress: (line) => console.error(line),
});
process.env.ATOLL_PYTHON_ENV = environment.directory;
const versions = jupyterHubVersions(environment.directory, values.peers.split(',').filter(Boolean));

if (isAsked('users')) await part('users', async () => handIn(await measureLargeHub(Number(values.users), rounds)));
const answers = await startAnswers();
try {
  if (isAsked('starts'))
    await part('starts', async () =>
      handIn(
        await measureStubServers(answers.port, versions, starts, rounds),
        `Starts are asked for and looked at through the proxies, from one Node process; JupyterHub is asked for ${starts.theirs} at once where ours is for ${starts.ours}. Nothing is pinned.`,
      ),
    );
  if (isAsked('restart'))
    await part('restart', async () => handIn(await measureRestart(answers.port, versions, starts.ours, rounds)));
} finally {
  answers.end();
}
