/**
 * How long a JupyterLab, a Dask scheduler and a Dask worker take to start on the process runtime: plainly, by a fork server
 * that is warm, and for a user's very first start without and with a spare fork server. Seconds until each serves, seconds
 * of CPU until then, and its share of memory.
 *
 *   node bench/starts.ts [rounds]
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { makeCredentials } from '../src/clusters/credentials.ts';
import { ensureEnvironment } from '../src/environment/ensureEnvironment.ts';
import { silentLogger } from '../src/observability/logger.ts';
import type { Reservation, WorkloadKind } from '../src/runtimes/contract.ts';
import { createProcessRuntime, type ProcessRuntime } from '../src/runtimes/process/processRuntime.ts';
import type { Figure } from './report/figure.ts';
import { handIn } from './report/handIn.ts';

const { directory } = await ensureEnvironment({
  stateDirectory: resolve(import.meta.dirname, '../.cache'),
  onProgress: (line) => console.error(line),
});
const rounds = Number(process.argv[2] ?? 3);
const ticksPerSecond = 100;

const words = (line: string): string[] => line.split(' ');
const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** As much of a hub as a notebook server and a scheduler ask for at their start. */
const hub = createServer((request, response) => {
  request.resume();
  response.setHeader('x-jupyterhub-version', '6.1.1').setHeader('content-type', 'application/json');
  response.end('{"version": "6.1.1"}');
});
await new Promise<void>((resolve) => hub.listen(0, '127.0.0.1', resolve));
const hubAddress = hub.address();
const hubUrl = `http://127.0.0.1:${typeof hubAddress === 'object' ? hubAddress?.port : 0}`;

async function labAnswers({ ports }: Reservation): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${ports.http}/user/ada/api`).catch(() => undefined);
  return response?.status === 200;
}

function portOpens({ ports }: Reservation): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(ports.scheduler ?? 0, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** CPU seconds of a process so far. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

function proportionalShareOf(pid: number): number {
  return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1]) / 1024;
}

/** What one start took. */
interface Start {
  seconds: number;
  cpu: number;
  mebibytes: number;
}

const kinds = ['JupyterLab', 'a scheduler', 'a worker'];
const credentials = await makeCredentials('bench', Date.now());
let count = 0;

const commands = {
  lab: ({ superuser }: Reservation): string[] => [
    ...words('python -m jupyterhub.singleuser'),
    ...(superuser ? ['--allow-root'] : []),
  ],
  scheduler: ({ ports }: Reservation): string[] => [
    ...words('python -m distributed.cli.dask_scheduler --protocol tls --host 127.0.0.1'),
    ...words(`--port ${ports.scheduler} --dashboard-address 127.0.0.1:${ports.http}`),
    ...words(`--preload dask_gateway.scheduler_preload --dg-api-address 127.0.0.1:${ports.api}`),
  ],
  worker: (scheduler: Reservation): string[] => [
    ...words(`python -m distributed.cli.dask_worker tls://127.0.0.1:${scheduler.ports.scheduler}`),
    ...words('--no-nanny --no-dashboard --name w1 --nthreads 1 --memory-limit 2GB'),
  ],
};

/** A runtime of its own, in a temporary folder. */
class Bench {
  readonly root = mkdtempSync(join(tmpdir(), 'atoll-bench-'));
  readonly runtime: ProcessRuntime;

  constructor(allowForkServers: boolean) {
    this.runtime = createProcessRuntime({
      directory: join(this.root, 'process'),
      environment: { python: join(directory, 'bin/python'), directory, owned: true },
      installationId: 'bench',
      log: silentLogger(),
      allowForkServers,
      forkServerIdleSeconds: 120,
    });
  }

  async start(
    kind: WorkloadKind,
    owner: string,
    command: (own: Reservation) => string[],
    isReady: (own: Reservation, id: string) => Promise<boolean>,
  ): Promise<{ start: Start; id: string; reservation: Reservation }> {
    count += 1;
    const id = `${kind}-${count}`;
    const begun = performance.now();
    const reservation = await this.runtime.reserve({ id, kind, owner, ports: ['http', 'scheduler', 'api'] });
    await this.runtime.start({
      id,
      kind,
      owner,
      command: command(reservation),
      environment: environmentOf(reservation),
      files: { 'dask.crt': credentials.tlsCert, 'dask.pem': credentials.tlsKey },
      resources: {},
      reservation,
    });
    while (!(await isReady(reservation, id))) {
      const seen = await this.runtime.get(id);
      if (seen?.exit) throw new Error(`${id} ended: ${(await this.runtime.logTail(id, 20)).join('\n')}`);
      await sleep(2);
    }
    const seconds = (performance.now() - begun) / 1000;
    const pid = pidOf(this.root, id);
    return { start: { seconds, cpu: cpuOf(pid), mebibytes: proportionalShareOf(pid) }, id, reservation };
  }

  async end(id: string): Promise<void> {
    await this.runtime.stop(id, { graceSeconds: 0 });
    while ((await this.runtime.get(id))?.phase !== 'exited') await sleep(20);
    await this.runtime.forget(id);
  }

  /** Starts and ends one of each. */
  async round(owner: string): Promise<Record<string, Start>> {
    const lab = await this.start('server', owner, commands.lab, labAnswers);
    const scheduler = await this.start('scheduler', owner, commands.scheduler, portOpens);
    const registered = async (_: Reservation, id: string): Promise<boolean> =>
      (await this.runtime.logTail(id, 20)).some((line) => line.includes('Registered to'));
    const worker = await this.start('worker', owner, () => commands.worker(scheduler.reservation), registered);
    for (const { id } of [worker, scheduler, lab]) await this.end(id);
    return { JupyterLab: lab.start, 'a scheduler': scheduler.start, 'a worker': worker.start };
  }

  /** Ends the fork servers, which nobody else would end before they are idle, and removes everything. */
  async close(): Promise<void> {
    await this.runtime.close();
    const folder = join(this.root, 'process/fork-servers');
    for (const name of existsSync(folder) ? readdirSync(folder) : []) {
      const record = join(folder, name, 'server.json');
      if (existsSync(record)) process.kill((JSON.parse(readFileSync(record, 'utf8')) as { pid: number }).pid);
    }
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** What a hub gives a notebook server, and a gateway a scheduler and a worker. */
function environmentOf({ ports, filesDirectory }: Reservation): Record<string, string> {
  const tls = 'DASK_DISTRIBUTED__COMM__TLS';
  const [certificate, key] = [join(filesDirectory, 'dask.crt'), join(filesDirectory, 'dask.pem')];
  return {
    JUPYTERHUB_SERVICE_URL: `http://127.0.0.1:${ports.http}/user/ada/`,
    JUPYTERHUB_API_URL: `${hubUrl}/hub/api`,
    JUPYTERHUB_ACTIVITY_URL: `${hubUrl}/hub/api/users/ada/activity`,
    JUPYTERHUB_SERVICE_PREFIX: '/user/ada/',
    JUPYTERHUB_BASE_URL: '/',
    JUPYTERHUB_USER: 'ada',
    JUPYTERHUB_API_TOKEN: 'bench',
    JUPYTERHUB_CLIENT_ID: 'jupyterhub-user-ada',
    JUPYTERHUB_OAUTH_CALLBACK_URL: '/user/ada/oauth_callback',
    JUPYTERHUB_OAUTH_SCOPES: '["access:servers!user=ada"]',
    DASK_GATEWAY_API_URL: `${hubUrl}/api`,
    DASK_GATEWAY_CLUSTER_NAME: 'bench',
    DASK_GATEWAY_API_TOKEN: 'bench',
    DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION: 'True',
    [`${tls}__CA_FILE`]: certificate,
    [`${tls}__SCHEDULER__CERT`]: certificate,
    [`${tls}__SCHEDULER__KEY`]: key,
    [`${tls}__WORKER__CERT`]: certificate,
    [`${tls}__WORKER__KEY`]: key,
  };
}

/** The workload's pid, from the file that it wrote at its start. */
function pidOf(root: string, id: string): number {
  for (const variant of readdirSync(join(root, 'process/workloads', id)))
    if (/^process\.[0-9a-f]+\.json$/.test(variant)) {
      const text = readFileSync(join(root, 'process/workloads', id, variant), 'utf8');
      if (text !== '') return (JSON.parse(text) as { pid: number }).pid;
    }
  throw new Error(`no process of ${id}`);
}

/** Several starts of each kind by the same user, after one that warms everything up. */
async function measureWarm(allowForkServers: boolean): Promise<Record<string, Start[]>> {
  const bench = new Bench(allowForkServers);
  await bench.runtime.open();
  await bench.round('ada');
  await sleep(2000);
  const taken: Record<string, Start>[] = [];
  for (let index = 0; index < rounds; index += 1) taken.push(await bench.round('ada'));
  for (const { bytes } of await bench.runtime.forkServerMemory())
    console.log(`a fork server nobody shares at the moment: ${(bytes / 2 ** 20).toFixed(0)} MiB`);
  await bench.close();
  return Object.fromEntries(kinds.map((kind) => [kind, taken.flatMap((round) => round[kind] ?? [])]));
}

/** First starts of a Lab by users of whom nothing runs yet. */
async function measureFirst(spare: boolean): Promise<Start[]> {
  const taken: Start[] = [];
  for (let index = 0; index < rounds; index += 1) {
    const bench = new Bench(true);
    await bench.runtime.open();
    if (spare) {
      await bench.runtime.keepSpareForkServer();
      await sleep(5000);
    }
    taken.push((await bench.start('server', 'ada', commands.lab, labAnswers)).start);
    for (const { id } of await bench.runtime.list()) await bench.end(id);
    await bench.close();
  }
  return taken;
}

const plain = await measureWarm(false);
const forked = await measureWarm(true);
const starts: [string, Start[], Start[]][] = kinds.map((kind) => [kind, forked[kind] ?? [], plain[kind] ?? []]);
const plainLabs = plain.JupyterLab ?? [];
starts.push(["a user's first JupyterLab, no spare fork server", await measureFirst(false), plainLabs]);
starts.push(["a user's first JupyterLab, with a spare fork server", await measureFirst(true), plainLabs]);
const measures: [string, string, (start: Start) => number][] = [
  ['', 's', (start) => start.seconds],
  [', CPU', 's CPU', (start) => start.cpu],
  [', memory', 'MiB', (start) => start.mebibytes],
];
handIn(
  starts.flatMap(([name, ours, theirs]) =>
    measures.map(
      ([suffix, unit, valueOf]): Figure => ({
        case: `starts/${name}${suffix}`,
        unit,
        better: 'less',
        ours: ours.map(valueOf),
        peer: { name: 'a plain start', theirs: theirs.map(valueOf) },
      }),
    ),
  ),
);
hub.close();
hub.closeAllConnections();
