import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ensureEnvironment } from '../src/environment/ensureEnvironment.ts';
import { adminSettings, adminToken } from '../test/support/adminService.ts';
import { Atoll } from '../test/support/atoll.ts';
import { besideEach, type Figure } from './report/figure.ts';
import { handIn } from './report/handIn.ts';
import { JupyterHubPeer } from './support/jupyterHubPeer.ts';
import { timeNpmStart } from './support/npmStart.ts';
import { commandLine, residentMemory, withDescendants } from './support/processTree.ts';
import { isProfiled } from './support/profiled.ts';
import { createUser, type HubUnderTest, stopServer, timeServerStart } from './support/serverStart.ts';
import { median } from './support/statistics.ts';

// Atoll beside JupyterHub with configurable-http-proxy, from the same Python environment, in one run:
// how long the program takes to answer, how much memory it holds, and how long a click on "start" takes to JupyterLab.
//
//   node bench/servers.ts [--rounds 3] [--without-peer]

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, 'without-peer': { type: 'boolean', default: false } },
});
const rounds = Number(values.rounds);
const environment = await ensureEnvironment({
  stateDirectory: resolve(import.meta.dirname, '../.cache'),
  onProgress: (line) => console.error(line),
});
process.env.ATOLL_PYTHON_ENV = environment.directory;

/** What is measured, a value a round; seconds and megabytes. */
class Measured {
  readonly startSeconds: number[] = [];
  readonly memory: number[] = [];
  readonly busyMemory: number[] = [];
  readonly earlyStarts: number[] = [];
  readonly firstStarts: number[] = [];
  readonly warmStarts: number[] = [];
}

const atoll = new Measured();
const peer = new Measured();
/** Seconds. */
const npmStarts: number[] = [];

for (let round = 0; round < rounds; round++) {
  console.log(`round ${round + 1} of ${rounds}`);
  await measureAtoll(round);
  if (!values['without-peer']) await measurePeer(round);
}
handIn(
  [
    ...figures('start to the first answer', 's', (measured) => measured.startSeconds),
    { case: 'servers/npm start, the second time', unit: 's', better: 'less', ours: npmStarts },
    ...figures("a user's first start to JupyterLab", 's', (measured) => measured.firstStarts),
    ...figures('the same in the moment the program answers', 's', (measured) => measured.earlyStarts),
    ...figures('a warm start to JupyterLab', 's', (measured) => measured.warmStarts),
    ...figures('memory of hub and proxy, idle, one user', 'MB', (measured) => measured.memory),
    ...figures('memory of hub and proxy after some starts', 'MB', (measured) => measured.busyMemory),
  ],
  'Real JupyterLabs of the same Python environment, one at a time; memory is what is resident. Nothing is pinned.',
);

function figures(name: string, unit: string, values: (measured: Measured) => number[]): Figure[] {
  const theirs = values(peer);
  return besideEach(
    { case: `servers/${name}`, unit, better: 'less', ours: values(atoll) },
    theirs.length === 0 ? [] : [{ name: 'JupyterHub 6.1', theirs }],
  );
}

async function measureAtoll(round: number): Promise<void> {
  const data = mkdtempSync(join(tmpdir(), 'atoll-bench-'));
  const startedAt = performance.now();
  const running = await Atoll.start({ settings: adminSettings, data, sources: isProfiled });
  try {
    atoll.startSeconds.push((performance.now() - startedAt) / 1000);
    const hub = { url: running.url, token: adminToken };
    const memory = (): number => residentMemory(running.pidOf('hub')) + residentMemory(running.pidOf('edge'));
    await measureStarts(hub, atoll, round, memory);
  } finally {
    await running.end();
  }
  npmStarts.push(await timeNpmStart(data));
  rmSync(data, { recursive: true, force: true });
}

async function measurePeer(round: number): Promise<void> {
  const running = await JupyterHubPeer.start(environment.directory);
  try {
    peer.startSeconds.push(running.startSeconds);
    const memory = (): number => {
      const proxy = withDescendants(running.pid).find((pid) =>
        commandLine(pid).some((word) => word.endsWith('configurable-http-proxy')),
      );
      return residentMemory(running.pid) + residentMemory(proxy ?? 0);
    };
    await measureStarts(running, peer, round, memory);
  } finally {
    await running.end();
  }
}

/**
 * A first start of a user in the moment the program answers, one of another user later, then two warm ones of the latter;
 * between them the time for what either program does in the background, as between two starts of people.
 */
async function measureStarts(
  hub: HubUnderTest,
  measured: Measured,
  round: number,
  memory: () => number,
): Promise<void> {
  const [early, user] = [`ada${round}`, `bob${round}`];
  await createUser(hub, early);
  measured.earlyStarts.push(await timeServerStart(hub, early));
  await wait(4000);
  measured.memory.push(memory() / 1e6);
  await stopServer(hub, early);
  await createUser(hub, user);
  measured.firstStarts.push(await timeServerStart(hub, user));
  const warmStarts: number[] = [];
  for (let start = 0; start < 2; start++) {
    await stopServer(hub, user);
    await wait(4000);
    warmStarts.push(await timeServerStart(hub, user));
  }
  measured.warmStarts.push(median(warmStarts));
  await stopServer(hub, user);
  await wait(2000);
  measured.busyMemory.push(memory() / 1e6);
}
