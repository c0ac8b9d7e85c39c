/**
 * What a large hub takes: 50,000 users with 10,000 server rows, from the start of the program to `Ready`, a page of users
 * straight after it, and its memory; and 1,000 people who start a simulated server at once, beside JupyterHub 6.1, both asked
 * at the hub's own port.
 *
 *   node bench/scale.ts [--rounds 3] [--users 50000] [--starts 1000] [--peer-starts 200] [--only users|starts]
 *
 * JupyterHub is asked for fewer starts, because it takes long; its rate is the better for it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Agent, request } from 'undici';
import { ensureEnvironment } from '../src/environment/ensureEnvironment.ts';
import { openSqlite } from '../src/store/openSqlite.ts';
import { Atoll } from '../test/support/atoll.ts';
import type { Figure } from './report/figure.ts';
import { handIn } from './report/handIn.ts';
import { JupyterHubPeer } from './support/jupyterHubPeer.ts';
import { residentMemory } from './support/processTree.ts';
import { runAnswers, runSimulatedHub } from './support/simulatedHub.ts';
import { median } from './support/statistics.ts';

const [role, ...words] = process.argv.slice(2);
if (role === 'answers') runAnswers();
else if (role === 'hub') await runSimulatedHub(words[0] ?? '', Number(words[1]), Number(words[2]));
else await compare();

interface Hub {
  url: string;
  token: string;
}

async function compare(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '3' },
      users: { type: 'string', default: '50000' },
      starts: { type: 'string', default: '1000' },
      'peer-starts': { type: 'string', default: '200' },
      only: { type: 'string' },
    },
  });
  const [rounds, users] = [Number(values.rounds), Number(values.users)];
  const starts = { ours: Number(values.starts), theirs: Number(values['peer-starts']) };
  const environment = await ensureEnvironment({
    stateDirectory: resolve(import.meta.dirname, '../.cache'),
    onProgress: (line) => console.error(line),
  });
  process.env.ATOLL_PYTHON_ENV = environment.directory;
  handIn([
    ...(values.only === 'starts' ? [] : await measureLargeHub(users, rounds)),
    ...(values.only === 'users' ? [] : await measureStarts(environment.directory, starts, rounds)),
  ]);
}

async function measureLargeHub(users: number, rounds: number): Promise<Figure[]> {
  const data = mkdtempSync(join(tmpdir(), 'atoll-bench-scale-'));
  const token = 'bench-token-of-atoll-0123456789';
  const [ready, pages, memory]: [number[], number[], number[]] = [[], [], []];
  try {
    await fill(join(data, 'atoll.db'), users);
    for (let round = 0; round < rounds; round++) {
      const startedAt = performance.now();
      const atoll = await Atoll.start({
        data,
        settings: `jupyterhub: { hub: { services: { bench: { apiToken: ${token}, admin: true } } } }\n`,
      });
      try {
        ready.push((performance.now() - startedAt) / 1000);
        pages.push(median(await timePages({ url: atoll.url, token }, users)));
        memory.push(residentMemory(atoll.pidOf('hub')) / 1e6);
      } finally {
        await atoll.end();
      }
    }
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
  const size = `${users.toLocaleString('en')} users`;
  return [
    { case: `scale/start to Ready, ${size}`, unit: 's', better: 'less', ours: ready },
    { case: 'scale/a page of 200 users straight after start', unit: 'ms', better: 'less', ours: pages },
    { case: `scale/memory of the hub, ${size}`, unit: 'MB', better: 'less', ours: memory },
  ];
}

/** One user in five has a server. */
async function fill(database: string, users: number): Promise<void> {
  const store = await openSqlite(database);
  await store.write(async ({ db }) => {
    const now = Date.now();
    for (let user = 0; user < users; user++) {
      const { id } = await db
        .insertInto('users')
        .values({ name: `user-${user}`, admin: 0, created_at: now, last_activity: now - user })
        .returning('id')
        .executeTakeFirstOrThrow();
      if (user % 5 !== 0) continue;
      const server = { desired: 'stopped', phase: 'stopped', user_options: '{"profile":"small"}', started_at: now };
      await db
        .insertInto('servers')
        .values({ user_id: id, name: '', display_name: '', created_at: now, last_activity: now, ...server })
        .execute();
    }
  });
  await store.close();
}

/** Milliseconds of each of a hundred pages, one after the other, all over the list. */
async function timePages({ url, token }: Hub, users: number): Promise<number[]> {
  const times: number[] = [];
  for (let page = 0; page < 100; page++) {
    const startedAt = performance.now();
    const offset = (page * 7919) % users;
    const query = `limit=200&offset=${offset}&include_stopped_servers=1`;
    const response = await fetch(`${url}/hub/api/users?${query}`, { headers: { authorization: `token ${token}` } });
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`a page: ${response.status}`);
    times.push(performance.now() - startedAt);
  }
  return times;
}

async function measureStarts(
  environment: string,
  starts: { ours: number; theirs: number },
  rounds: number,
): Promise<Figure[]> {
  const answers = spawn(process.execPath, [import.meta.filename, 'answers'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [ours, theirs, slowest]: [number[], number[], number[]] = [[], [], []];
  try {
    const port = Number(await firstLine(answers.stdout));
    for (let round = 0; round < rounds; round++) {
      const measured = await withSimulatedHub(port, starts.ours, (hub) => startAll(hub, starts.ours));
      ours.push(starts.ours / measured.seconds);
      slowest.push(measured.slowestHealth);
    }
    const peer = await JupyterHubPeer.start(environment, simulatedSpawner(port));
    try {
      if (starts.theirs > 0) {
        await createUsers(peer, starts.theirs);
        theirs.push(starts.theirs / (await startAll(peer, starts.theirs)).seconds);
      }
    } finally {
      await peer.end();
    }
  } finally {
    answers.kill();
  }
  const count = starts.ours.toLocaleString('en');
  return [
    {
      case: `scale/${count} servers at once`,
      unit: 'starts/s',
      better: 'more',
      ours,
      peer: { name: 'JupyterHub 6.1', theirs: theirs.flatMap((rate) => ours.map(() => rate)) },
    },
    { case: `scale/slowest GET /health meanwhile`, unit: 'ms', better: 'less', ours: slowest },
  ];
}

async function withSimulatedHub<T>(port: number, users: number, work: (hub: Hub) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'atoll-bench-starts-'));
  const role = [import.meta.filename, 'hub', join(folder, 'atoll.db'), String(port), String(users)];
  const child = spawn(process.execPath, role, { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [url = '', token = ''] = (await firstLine(child.stdout)).split(' ');
    return await work({ url, token });
  } finally {
    const ended = once(child, 'exit');
    child.kill();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
}

async function firstLine(output: NodeJS.ReadableStream): Promise<string> {
  const [line] = (await once(createInterface(output), 'line')) as [string];
  return line;
}

/** All at once; resolves when every server is ready. A refusal or an error ends the bench. */
async function startAll({ url, token }: Hub, starts: number): Promise<{ seconds: number; slowestHealth: number }> {
  const dispatcher = new Agent({ connections: starts, headersTimeout: 600_000 });
  const headers = { authorization: `token ${token}` };
  const startedAt = performance.now();
  let over = false;
  const health = watchHealth(url, () => over);
  const startOne = async (user: number): Promise<void> => {
    const path = `${url}/hub/api/users/user-${user}`;
    const { statusCode, body } = await request(`${path}/server`, { method: 'POST', headers, dispatcher });
    const text = await body.text();
    if (statusCode !== 201 && statusCode !== 202) throw new Error(`a start: ${statusCode} ${text}`);
    let ready = statusCode === 201;
    while (!ready) {
      const answer = await request(path, { headers, dispatcher });
      const { servers } = (await answer.body.json()) as { servers: Record<string, { ready: boolean }> };
      ready = servers['']?.ready === true;
      if (!ready) await wait(500);
    }
  };
  try {
    await Promise.all(Array.from({ length: starts }, (_, user) => startOne(user)));
    return { seconds: (performance.now() - startedAt) / 1000, slowestHealth: await ((over = true), health) };
  } finally {
    over = true;
    await dispatcher.close();
  }
}

/** The slowest answer of `GET /health` in milliseconds, until it is over. */
async function watchHealth(url: string, isOver: () => boolean): Promise<number> {
  let slowest = 0;
  const dispatcher = new Agent({ connections: 1 });
  while (!isOver()) {
    const startedAt = performance.now();
    const { body } = await request(`${url}/hub/health`, { dispatcher });
    await body.dump();
    slowest = Math.max(slowest, performance.now() - startedAt);
    await wait(10);
  }
  await dispatcher.close();
  return slowest;
}

async function createUsers({ url, token }: Hub, users: number): Promise<void> {
  for (let from = 0; from < users; from += 100) {
    const usernames = Array.from({ length: Math.min(100, users - from) }, (_, index) => `user-${from + index}`);
    const { statusCode, body } = await request(`${url}/hub/api/users`, {
      method: 'POST',
      headers: { authorization: `token ${token}` },
      body: JSON.stringify({ usernames }),
    });
    await body.dump();
    if (statusCode !== 201) throw new Error(`users: ${statusCode}`);
  }
}

function simulatedSpawner(port: number): string {
  return `
from jupyterhub.spawner import Spawner

class SimulatedSpawner(Spawner):
    async def start(self):
        return ('127.0.0.1', ${port})

    async def poll(self):
        return None

    async def stop(self, now=False):
        pass

c.JupyterHub.spawner_class = SimulatedSpawner
c.JupyterHub.concurrent_spawn_limit = 0
c.JupyterHub.active_server_limit = 0
`;
}
