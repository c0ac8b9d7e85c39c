import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ensureEnvironment } from '../src/environment/ensureEnvironment.ts';
import { Atoll } from '../test/support/atoll.ts';
import { JupyterHubPeer } from './support/jupyterHubPeer.ts';
import { commandLine, residentMemory, withDescendants } from './support/processTree.ts';
import { createUser, type HubUnderTest, stopServer, timeServerStart } from './support/serverStart.ts';
import { median, seconds } from './support/statistics.ts';

// Atoll beside JupyterHub with configurable-http-proxy, from the same Python environment, in one run:
// how long the program takes to answer, how much memory it holds, and how long a click on "start" takes to JupyterLab.
//
//   node bench/servers.ts [--rounds 5]

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } });
const rounds = Number(values.rounds);
const environment = await ensureEnvironment({
  stateDirectory: resolve(import.meta.dirname, '../.cache'),
  onProgress: (line) => console.error(line),
});
process.env.ATOLL_PYTHON_ENV = environment.directory;

const settings = `
jupyterhub:
  hub:
    config:
      JupyterHub: { authenticator_class: dummy }
      Authenticator: { allow_all: true }
    services:
      bench: { apiToken: bench-token-of-atoll-0123456789, admin: true }
`;

interface Measured {
  startSeconds: number[];
  memory: number;
  earlyStarts: number[];
  firstStarts: number[];
  warmStarts: number[];
}

const atoll: Measured = { startSeconds: [], memory: 0, earlyStarts: [], firstStarts: [], warmStarts: [] };
const peer: Measured = { startSeconds: [], memory: 0, earlyStarts: [], firstStarts: [], warmStarts: [] };

for (let round = 0; round < rounds; round++) {
  await measureAtoll(round);
  await measurePeer(round);
}
report();

async function measureAtoll(round: number): Promise<void> {
  const data = mkdtempSync(join(tmpdir(), 'atoll-bench-'));
  const startedAt = performance.now();
  const running = await Atoll.start({ settings, data });
  try {
    atoll.startSeconds.push((performance.now() - startedAt) / 1000);
    const hub = { url: running.url, token: 'bench-token-of-atoll-0123456789' };
    await measureStarts(hub, atoll, round);
    await wait(2000);
    atoll.memory = residentMemory(running.pidOf('hub')) + residentMemory(running.pidOf('edge'));
  } finally {
    await running.end();
    rmSync(data, { recursive: true, force: true });
  }
}

async function measurePeer(round: number): Promise<void> {
  const running = await JupyterHubPeer.start(environment.directory);
  try {
    peer.startSeconds.push(running.startSeconds);
    await measureStarts(running, peer, round);
    await wait(2000);
    const proxy = withDescendants(running.pid).find((pid) =>
      commandLine(pid).some((word) => word.endsWith('configurable-http-proxy')),
    );
    peer.memory = residentMemory(running.pid) + residentMemory(proxy ?? 0);
  } finally {
    await running.end();
  }
}

/**
 * A first start of a user in the moment the program answers, one of another user later, then three warm ones of the latter;
 * between them the time for what either program does in the background, as between two starts of people.
 */
async function measureStarts(hub: HubUnderTest, measured: Measured, round: number): Promise<void> {
  const [early, user] = [`ada${round}`, `bob${round}`];
  for (const name of [early, user]) await createUser(hub, name);
  measured.earlyStarts.push(await timeServerStart(hub, early));
  await stopServer(hub, early);
  await wait(4000);
  measured.firstStarts.push(await timeServerStart(hub, user));
  for (let start = 0; start < 3; start++) {
    await stopServer(hub, user);
    await wait(4000);
    measured.warmStarts.push(await timeServerStart(hub, user));
  }
  await stopServer(hub, user);
}

function report(): void {
  const rows: [string, string, string, string][] = [
    row('program start to its first answer', atoll.startSeconds, peer.startSeconds),
    row("a user's first start to JupyterLab", atoll.firstStarts, peer.firstStarts),
    row('the same in the moment the program answers', atoll.earlyStarts, peer.earlyStarts),
    row('a warm start to JupyterLab', atoll.warmStarts, peer.warmStarts),
    [
      'resident memory of hub and proxy, idle',
      `${(atoll.memory / 1e6).toFixed(0)} MB`,
      `${(peer.memory / 1e6).toFixed(0)} MB`,
      (atoll.memory / peer.memory).toFixed(2),
    ],
  ];
  console.log('| | Atoll | JupyterHub | ratio |\n| --- | --- | --- | --- |');
  for (const cells of rows) console.log(`| ${cells.join(' | ')} |`);
}

function row(name: string, ours: number[], theirs: number[]): [string, string, string, string] {
  return [name, seconds(ours), seconds(theirs), (median(ours) / median(theirs)).toFixed(2)];
}
