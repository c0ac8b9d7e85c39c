/**
 * The hub's API beside JupyterHub 6.1 and 5.5 (with configurable-http-proxy, SQLite), in one run: the same users, the same
 * load from wrk, one after the other in each round. A ratio is the median of the rounds' ratios, so that a busy moment of
 * the machine counts for all or for one round only.
 *
 *   node bench/api.ts [--rounds 5] [--seconds 3] [--users 1000] [--connections 16] [--only activity] [--without-peers]
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureEnvironment } from '../src/environment/ensureEnvironment.ts';
import { Atoll } from '../test/support/atoll.ts';
import type { Figure } from './report/figure.ts';
import { handIn } from './report/handIn.ts';
import { isInstalled } from './support/isInstalled.ts';
import { JupyterHubPeer } from './support/jupyterHubPeer.ts';
import { jupyterHubOfVersion } from './support/jupyterHubVersions.ts';
import { cpuSeconds, withDescendants } from './support/processTree.ts';
import type { HubUnderTest } from './support/serverStart.ts';
import { median } from './support/statistics.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    users: { type: 'string', default: '1000' },
    connections: { type: 'string', default: '16' },
    only: { type: 'string', default: '' },
    'without-peers': { type: 'boolean', default: false },
  },
});
const [rounds, seconds, users] = [Number(values.rounds), Number(values.seconds), Number(values.users)];

const token = 'bench-token-of-atoll-0123456789';
const settings = `
jupyterhub:
  hub:
    config:
      JupyterHub: { authenticator_class: dummy }
      Authenticator: { allow_all: true }
    services:
      bench: { apiToken: ${token}, admin: true }
`;

/** What wrk sends: a function body in Lua that returns one request. */
const requests: Record<string, string> = {
  'GET /user': `return wrk.format('GET', '/hub/api/user')`,
  'GET /users/NAME': `return wrk.format('GET', '/hub/api/users/user-' .. math.random(0, ${users - 1}))`,
  'POST /users/NAME/activity': `
    local path = '/hub/api/users/user-' .. math.random(0, ${users - 1}) .. '/activity'
    local body = '{"last_activity": "' .. os.date('!%Y-%m-%dT%H:%M:%S') .. string.format('.%06dZ', math.random(0, 999999)) .. '"}'
    return wrk.format('POST', path, nil, body)`,
  'GET /users?limit=200': `return wrk.format('GET', '/hub/api/users?limit=200')`,
};

interface Competitor extends HubUnderTest {
  name: string;
  pid: number;
}

interface Sample {
  perSecond: number;
  p50: number;
  p99: number;
  /** Microseconds of CPU of hub and proxy for each request. */
  cpu: number;
}

if (!isInstalled('wrk')) {
  console.log('skipped: wrk is not installed');
  process.exit();
}
const environment = await ensureEnvironment({
  stateDirectory: resolve(import.meta.dirname, '../.cache'),
  onProgress: (line) => console.error(line),
});
process.env.ATOLL_PYTHON_ENV = environment.directory;
const folder = mkdtempSync(join(tmpdir(), 'atoll-bench-api-'));
const ends: (() => Promise<unknown>)[] = [];
const figures: Figure[] = [];
try {
  const competitors = await startAll();
  for (const competitor of competitors) await makeUsers(competitor);
  for (const [title, request] of Object.entries(requests)) {
    if (!title.includes(values.only)) continue;
    const samples = new Map<string, Sample[]>(competitors.map(({ name }) => [name, []]));
    for (const competitor of competitors) await load(competitor, request, 1);
    for (let round = 0; round < rounds; round++)
      for (const competitor of competitors)
        samples.get(competitor.name)?.push(await load(competitor, request, seconds));
    report(title, samples);
    figures.push(...figuresOf(title, samples));
  }
  handIn(figures);
} finally {
  for (const end of ends.toReversed()) await end();
  rmSync(folder, { recursive: true, force: true });
}

async function startAll(): Promise<Competitor[]> {
  const atoll = await Atoll.start({ settings });
  ends.push(() => atoll.end());
  const competitors: Competitor[] = [{ name: 'atoll', url: atoll.url, token, pid: atoll.pidOf('up') }];
  if (values['without-peers']) return competitors;
  for (const python of [environment.directory, jupyterHubOfVersion('5.5.4')]) {
    const peer = await JupyterHubPeer.start(python);
    ends.push(() => peer.end());
    const { version } = (await (await fetch(`${peer.url}/hub/api/`)).json()) as { version: string };
    competitors.push({ name: `JupyterHub ${version}`, url: peer.url, token: peer.token, pid: peer.pid });
  }
  return competitors;
}

async function makeUsers({ url, token: bearer, name }: Competitor): Promise<void> {
  const all = Array.from({ length: users }, (_, index) => `user-${index}`);
  for (let from = 0; from < all.length; from += 100) {
    const response = await fetch(`${url}/hub/api/users`, {
      method: 'POST',
      headers: { authorization: `token ${bearer}` },
      body: JSON.stringify({ usernames: all.slice(from, from + 100) }),
    });
    if (response.status !== 201) throw new Error(`${name}: ${response.status} ${await response.text()}`);
  }
}

function load({ url, token: bearer, pid, name }: Competitor, request: string, time: number): Promise<Sample> {
  const script = join(folder, 'request.lua');
  writeFileSync(
    script,
    `wrk.headers['Authorization'] = 'token ${bearer}'
wrk.headers['Content-Type'] = 'application/json'
math.randomseed(os.time())
function request()
${request}
end
`,
  );
  const before = cpuOf(pid);
  const output = execFileSync(
    'wrk',
    ['-t1', `-c${values.connections}`, `-d${time}`, '--timeout', '30s', '--latency', '-s', script, url],
    { encoding: 'utf8' },
  );
  const cpu = cpuOf(pid) - before;
  if (/Non-2xx|Socket errors/.test(output)) throw new Error(`${name}: ${output}`);
  const count = Number(/(\d+) requests in/.exec(output)?.[1]);
  return Promise.resolve({
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1]),
    p50: milliseconds(/50%\s+([\d.]+\w+)/.exec(output)?.[1] ?? ''),
    p99: milliseconds(/99%\s+([\d.]+\w+)/.exec(output)?.[1] ?? ''),
    cpu: (cpu / count) * 1e6,
  });
}

function milliseconds(text: string): number {
  const value = Number.parseFloat(text);
  if (text.endsWith('us')) return value / 1000;
  return text.endsWith('ms') ? value : value * 1000;
}

function cpuOf(pid: number): number {
  return withDescendants(pid).reduce((sum, child) => sum + cpuSeconds(child), 0);
}

function report(title: string, samples: Map<string, Sample[]>): void {
  console.log(`\n${title}, ${values.connections} connections, ${rounds} rounds of ${seconds} s, medians`);
  for (const [name, taken] of samples) {
    const pick = (of: (sample: Sample) => number): number => median(taken.map(of));
    console.log(
      `  ${name.padEnd(18)} ${pick(({ perSecond }) => perSecond)
        .toFixed(0)
        .padStart(
          7,
        )}/s  p50 ${pick(({ p50 }) => p50).toFixed(1)} ms  p99 ${pick(({ p99 }) => p99).toFixed(1)} ms  ${pick(({ cpu }) => cpu).toFixed(0)} µs CPU each`,
    );
  }
}

function figuresOf(title: string, samples: Map<string, Sample[]>): Figure[] {
  const ours = samples.get('atoll') ?? [];
  const rates = ours.map(({ perSecond }) => perSecond);
  const common = { case: `api/${title}`, unit: 'requests/s', better: 'more' as const, ours: rates };
  const peers = [...samples].filter(([name]) => name !== 'atoll');
  const slowest: Figure = { case: `api/p99 of ${title}`, unit: 'ms', better: 'less', ours: ours.map(({ p99 }) => p99) };
  if (peers.length === 0) return [common, slowest];
  return [
    ...peers.map(([name, taken]) => ({
      ...common,
      peer: { name, theirs: taken.map(({ perSecond }) => perSecond) },
    })),
    slowest,
  ];
}
