/**
 * A whole Atoll under mixed load for a long time: sign-ins, starts and stops of real JupyterLabs, kernels over WebSockets,
 * Dask clusters, requests and WebSockets broken off, and (in the first and the last tenth) hub and edge killed. Does it give
 * everything back?
 *
 *   node bench/soak.ts [minutes, default 60]
 *
 * Prints a line every 30 s. Ends with exit code 1 when anything grew in the second half of the quiet time, when a deed
 * failed in it, or when something is left over at the end.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ensureEnvironment } from '../src/environment/ensureEnvironment.ts';
import { adminSettings, adminToken } from '../test/support/adminService.ts';
import { Atoll } from '../test/support/atoll.ts';
import { Kernel } from '../test/support/kernel.ts';
import { signIn } from '../test/support/signIn.ts';
import { until } from '../test/support/until.ts';
import type { Figure } from './report/figure.ts';
import { handIn } from './report/handIn.ts';
import { noise, openSockets, processCount, type Sample, takeSample } from './soak/sample.ts';
import { stopServer, timeServerStart } from './support/serverStart.ts';
import { median } from './support/statistics.ts';

const minutes = Number(process.argv[2] ?? 60);
const people = ['ada', 'bob', 'cleo', 'dora'];
const sampleEveryMs = 30_000;
const endEveryMs = 20_000;
/** After so long a cluster ends whose program was killed. */
const clusterIdleSeconds = 45;

const environment = await ensureEnvironment({
  stateDirectory: resolve(import.meta.dirname, '../.cache'),
  onProgress: (line) => console.error(line),
});
process.env.ATOLL_PYTHON_ENV = environment.directory;
const data = mkdtempSync(join(tmpdir(), 'atoll-soak-'));
const atoll = await Atoll.start({
  data,
  settings: `${adminSettings}atoll: { clusters: { idleTimeout: ${clusterIdleSeconds} } }\n`,
});
const hub = { url: atoll.url, token: adminToken };

const startedAt = performance.now();
const wholeMs = minutes * 60_000;
const passed = (): number => (performance.now() - startedAt) / wholeMs;
const isRough = (): boolean => passed() < 0.1 || passed() > 0.9;
const counts: Record<string, number> = {};
const failures: string[] = [];
const samples: Sample[] = [];

await Promise.all([...people.map(live), wander(), wander(), leaveSockets(), sampleRegularly(), endRolesNowAndThen()]);
const ok = await judge();
await atoll.end();
rmSync(data, { recursive: true, force: true });
process.exitCode = ok ? 0 : 1;

/** A person's day, again and again: sign in, start a server, compute in a kernel and on a cluster, stop. */
async function live(person: string): Promise<void> {
  while (passed() < 1) {
    await deed('sign-in', () => signIn(atoll, person));
    await deed('start', () => timeServerStart(hub, person));
    await deed('kernel', () => useKernel(person));
    if (Math.random() < 0.3) await deed('cluster', () => useCluster(person));
    await deed('stop', () => stopServer(hub, person));
    await sleep(Math.random() * 2000);
  }
}

async function useKernel(person: string): Promise<void> {
  const kernel = await Kernel.start(`${atoll.url}/user/${person}/`, await tokenOf(person));
  try {
    const printed = await kernel.run('print(sum(range(1000)))');
    if (printed.trim() !== '499500') throw new Error(`a kernel printed ${printed}`);
  } finally {
    kernel.close();
  }
}

/** A program of its own. Every third one is killed in the middle, and its cluster ends for want of work. */
async function useCluster(person: string): Promise<void> {
  const variables = {
    JUPYTERHUB_API_TOKEN: await tokenOf(person),
    DASK_GATEWAY__AUTH__TYPE: 'jupyterhub',
    DASK_GATEWAY__ADDRESS: `${atoll.url}/services/dask-gateway/`,
  };
  const script = resolve(import.meta.dirname, 'support/gatewayRound.py');
  const killed = Math.random() < 1 / 3;
  try {
    await promisify(execFile)(environment.python, [script, '2'], {
      env: { ...process.env, ...variables },
      timeout: killed ? 2000 + Math.random() * 2000 : 120_000,
      killSignal: 'SIGKILL',
    });
  } catch (error) {
    if (!killed) throw error;
  }
}

async function tokenOf(person: string): Promise<string> {
  const response = await fetch(`${atoll.url}/hub/api/users/${person}/tokens`, {
    method: 'POST',
    headers: { authorization: `token ${adminToken}`, 'content-type': 'application/json' },
    body: '{"expires_in": 300}',
  });
  if (response.status !== 201) throw new Error(`no token: ${response.status}`);
  return ((await response.json()) as { token: string }).token;
}

/** Looks at pages, and goes away in the middle of every second one. */
async function wander(): Promise<void> {
  const paths = [
    '/hub/login',
    '/hub/home',
    '/hub/api/',
    '/user/ada/lab',
    '/services/dask-gateway/api/health',
    '/nowhere',
  ];
  while (passed() < 1) {
    const path = paths[Math.floor(Math.random() * paths.length)] ?? '/';
    await deed('look', () => look(path, Math.random() < 0.5 ? Math.random() * 20 : undefined));
    await sleep(20);
  }
}

function look(path: string, breakOffMs: number | undefined): Promise<void> {
  return new Promise((done) => {
    const call = get(`${atoll.url}${path}`, { agent: false }, (response) => response.resume().on('error', () => {}));
    call.on('error', () => {}).on('close', done);
    if (breakOffMs !== undefined) setTimeout(() => call.destroy(), breakOffMs);
  });
}

/** Opens WebSockets of people's servers and uploads to them, and goes away without a word. */
async function leaveSockets(): Promise<void> {
  for (let count = 0; passed() < 1; count++) {
    const person = people[count % people.length] ?? '';
    const authorization = `Authorization: token ${adminToken}\r\n`;
    const head = (line: string): string => `${line} HTTP/1.1\r\nHost: 127.0.0.1:${atoll.port}\r\n${authorization}`;
    const upgrade =
      `${head(`GET /user/${person}/api/events/subscribe`)}Connection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
    const upload = `${head(`PUT /user/${person}/api/contents/x.txt`)}Content-Length: 1000000\r\n\r\n{"content": "`;
    await deed(count % 2 === 0 ? 'left WebSocket' : 'left upload', () => leave(count % 2 === 0 ? upgrade : upload));
    await sleep(50);
  }
}

function leave(bytes: string): Promise<void> {
  return new Promise((done) => {
    const socket = connect(atoll.port, '127.0.0.1', () => socket.write(bytes));
    socket
      .resume()
      .on('error', () => {})
      .on('close', () => done());
    setTimeout(() => socket.destroy(), Math.random() * 500);
  });
}

async function deed(name: string, work: () => Promise<unknown>): Promise<void> {
  const roughBefore = isRough();
  try {
    await work();
    counts[name] = (counts[name] ?? 0) + 1;
  } catch (error) {
    // While roles are killed a request may be lost; the next one works.
    if (!roughBefore && !isRough()) failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    await sleep(500);
  }
}

/** Hub and edge in turns: twice killed, then asked to end. */
async function endRolesNowAndThen(): Promise<void> {
  for (let count = 0; passed() < 1; count++) {
    await sleep(Math.min(endEveryMs, wholeMs / 40));
    if (!isRough()) continue;
    process.kill(await pidOf(count % 2 === 0 ? 'hub' : 'edge'), count % 6 < 4 ? 'SIGKILL' : 'SIGTERM');
    counts['end of a role'] = (counts['end of a role'] ?? 0) + 1;
  }
}

async function sampleRegularly(): Promise<void> {
  while (passed() < 1) {
    await sleep(Math.min(sampleEveryMs, wholeMs / 40));
    const [hubPid, edgePid] = [await pidOf('hub'), await pidOf('edge')];
    const sample = takeSample(data, hubPid, edgePid);
    if (!isRough()) samples.push(sample);
    const values = Object.entries(sample).map(([name, value]) => `${value.toFixed(0)} ${name}`);
    const done = Object.entries(counts).map(([name, count]) => `${count} × ${name}`);
    console.log(
      `${(passed() * minutes).toFixed(1)} min: ${values.join(', ')}; ${done.join(', ')}; ${failures.length} failed`,
    );
  }
}

/** Compares the second with the last quarter of the quiet time, and looks for what is left over. */
async function judge(): Promise<boolean> {
  const quarter = Math.max(1, Math.floor(samples.length / 4));
  const figures: Figure[] = [];
  const grown = (Object.keys(noise) as (keyof Sample)[]).filter((name) => {
    const values = samples.map((sample) => sample[name]);
    const growth = median(values.slice(-quarter)) - median(values.slice(quarter, 2 * quarter));
    console.log(`growth of ${name}: ${growth.toFixed(1)} (at most ${noise[name]})`);
    figures.push({
      case: `soak/growth of ${name}`,
      unit: name.startsWith('MB') ? 'MB' : '',
      better: 'less',
      ours: [growth],
    });
    return growth > noise[name];
  });
  handIn(figures, `${minutes} minutes of mixed load; the last quarter of the quiet time beside the second one.`);
  for (const person of people) await stopServer(hub, person);
  const workloads = join(data, 'process/workloads');
  const patience = clusterIdleSeconds + 120;
  const ended = await until('the end of all workloads', () => readdirSync(workloads).length === 0, patience).catch(
    () => false,
  );
  // Fork servers stay for a while, one a person and a spare one.
  const mostProcesses = 3 + people.length + 1;
  const few = await until('the end of all processes', () => processCount(data) <= mostProcesses).catch(() => false);
  // Listening ones, the control connection, and a few to the hub that wait for the next request.
  const mostSockets = 16;
  const edgePid = await pidOf('edge');
  const closed = await until('the end of all connections', () => openSockets(edgePid) <= mostSockets, 90).catch(
    () => false,
  );
  for (const failure of new Set(failures)) console.log(`failed: ${failure}`);
  console.log(ended ? 'no workload is left' : `left over: ${readdirSync(workloads).join(', ')}`);
  console.log(`${processCount(data)} processes at the end (at most ${mostProcesses})`);
  console.log(`${openSockets(edgePid)} sockets of the edge at the end (at most ${mostSockets})`);
  return grown.length === 0 && failures.length === 0 && ended && few && closed;
}

/** A role that was just killed comes back in a moment. */
function pidOf(role: 'up' | 'hub' | 'edge'): Promise<number> {
  return until(`a running ${role}`, () => {
    try {
      return atoll.pidOf(role);
    } catch {
      return undefined;
    }
  });
}
