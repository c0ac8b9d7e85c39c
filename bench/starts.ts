/**
 * How long a JupyterLab, a Dask scheduler and a Dask worker take to start on the process runtime, plainly and by a fork
 * server: seconds until each serves, and seconds of CPU until then.
 *
 *   ATOLL_PYTHON_ENV=/path/to/venv node bench/starts.ts [rounds]
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCredentials } from '../src/clusters/credentials.ts';
import { silentLogger } from '../src/observability/logger.ts';
import type { Reservation, WorkloadKind } from '../src/runtimes/contract.ts';
import { createProcessRuntime, type ProcessRuntime } from '../src/runtimes/process/processRuntime.ts';

const directory = process.env.ATOLL_PYTHON_ENV ?? '';
if (directory === '') throw new Error('set ATOLL_PYTHON_ENV to the environment to measure');
const rounds = Number(process.argv[2] ?? 5);
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

interface Figure {
  seconds: number;
  cpu: number;
  mebibytes: number;
}

const credentials = await makeCredentials('bench', Date.now());
let count = 0;

async function start(
  runtime: ProcessRuntime,
  root: string,
  kind: WorkloadKind,
  command: (reservation: Reservation) => string[],
  ready: (reservation: Reservation, id: string) => Promise<boolean>,
): Promise<{ figure: Figure; id: string; reservation: Reservation }> {
  count += 1;
  const id = `${kind}-${count}`;
  const begun = performance.now();
  const reservation = await runtime.reserve({ id, kind, owner: 'ada', ports: ['http', 'scheduler', 'api'] });
  const files = reservation.filesDirectory;
  const tls = 'DASK_DISTRIBUTED__COMM__TLS';
  await runtime.start({
    id,
    kind,
    owner: 'ada',
    command: command(reservation),
    environment: {
      JUPYTERHUB_SERVICE_URL: `http://127.0.0.1:${reservation.ports.http}/user/ada/`,
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
      [`${tls}__CA_FILE`]: join(files, 'dask.crt'),
      [`${tls}__SCHEDULER__CERT`]: join(files, 'dask.crt'),
      [`${tls}__SCHEDULER__KEY`]: join(files, 'dask.pem'),
      [`${tls}__WORKER__CERT`]: join(files, 'dask.crt'),
      [`${tls}__WORKER__KEY`]: join(files, 'dask.pem'),
    },
    files: { 'dask.crt': credentials.tlsCert, 'dask.pem': credentials.tlsKey },
    resources: {},
    reservation,
  });
  while (!(await ready(reservation, id))) {
    const seen = await runtime.get(id);
    if (seen?.exit) throw new Error(`${id} ended: ${(await runtime.logTail(id, 20)).join('\n')}`);
    await sleep(2);
  }
  const seconds = (performance.now() - begun) / 1000;
  const pid = pidOf(root, id);
  return { figure: { seconds, cpu: cpuOf(pid), mebibytes: proportionalShareOf(pid) }, id, reservation };
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

async function end(runtime: ProcessRuntime, id: string): Promise<void> {
  await runtime.stop(id, { graceSeconds: 0 });
  while ((await runtime.get(id))?.phase !== 'exited') await sleep(20);
  await runtime.forget(id);
}

async function measure(allowForkServers: boolean): Promise<Record<string, Figure>> {
  const root = mkdtempSync(join(tmpdir(), 'atoll-bench-'));
  const runtime = createProcessRuntime({
    directory: join(root, 'process'),
    environment: { python: join(directory, 'bin/python'), directory, owned: true },
    installationId: 'bench',
    log: silentLogger(),
    allowForkServers,
    forkServerIdleSeconds: 120,
  });
  await runtime.open();
  const figures: Record<string, Figure[]> = { lab: [], scheduler: [], worker: [] };
  for (let round = -1; round < rounds; round += 1) {
    const lab = await start(
      runtime,
      root,
      'server',
      ({ superuser }) => ['python', '-m', 'jupyterhub.singleuser', ...(superuser ? ['--allow-root'] : [])],
      labAnswers,
    );
    const scheduler = await start(
      runtime,
      root,
      'scheduler',
      ({ ports }) => [
        ...words('python -m distributed.cli.dask_scheduler --protocol tls --host 127.0.0.1'),
        ...words(`--port ${ports.scheduler} --dashboard-address 127.0.0.1:${ports.http}`),
        ...words(`--preload dask_gateway.scheduler_preload --dg-api-address 127.0.0.1:${ports.api}`),
      ],
      portOpens,
    );
    const worker = await start(
      runtime,
      root,
      'worker',
      () => [
        ...words(`python -m distributed.cli.dask_worker tls://127.0.0.1:${scheduler.reservation.ports.scheduler}`),
        ...words('--no-nanny --no-dashboard --name w1 --nthreads 1 --memory-limit 2GB'),
      ],
      async (_, id) => (await runtime.logTail(id, 20)).some((line) => line.includes('Registered to')),
    );
    // The first round warms the page cache and, with fork servers, makes the one that the others use.
    const isWarmUp = round < 0;
    for (const [name, { figure, id }] of Object.entries({ worker, scheduler, lab })) {
      if (!isWarmUp) figures[name]?.push(figure);
      else console.log(`first ${name}, fork servers ${allowForkServers}: ${figure.seconds.toFixed(2)} s`);
      await end(runtime, id);
    }
    if (isWarmUp) await sleep(3000);
  }
  for (const { bytes } of await runtime.forkServerMemory())
    console.log(`fork server: ${(bytes / 1024 ** 2).toFixed(0)} MiB (PSS)`);
  await runtime.close();
  // Nothing but the fork server is left; it is ours to end.
  for (const name of allowForkServers ? readdirSync(join(root, 'process/fork-servers')) : []) {
    const { pid } = JSON.parse(readFileSync(join(root, 'process/fork-servers', name, 'server.json'), 'utf8')) as {
      pid: number;
    };
    process.kill(pid, 'SIGTERM');
  }
  rmSync(root, { recursive: true, force: true });
  return Object.fromEntries(Object.entries(figures).map(([name, all]) => [name, medianOf(all)]));
}

function medianOf(figures: Figure[]): Figure {
  const middle = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
  return {
    seconds: middle(figures.map((figure) => figure.seconds)),
    cpu: middle(figures.map((figure) => figure.cpu)),
    mebibytes: middle(figures.map((figure) => figure.mebibytes)),
  };
}

const plain = await measure(false);
const forked = await measure(true);
console.log(`\nmedians of ${rounds} starts`);
console.log('            plain s   CPU s     MiB   forked s   CPU s     MiB   ratio s   CPU');
for (const name of ['lab', 'scheduler', 'worker']) {
  const [before, after] = [plain[name], forked[name]];
  if (!before || !after) continue;
  const cells = [before.seconds, before.cpu, before.mebibytes, after.seconds, after.cpu, after.mebibytes];
  const ratios = [before.seconds / after.seconds, before.cpu / after.cpu].map((ratio) => `${ratio.toFixed(1)} x`);
  console.log(
    [name.padEnd(10), ...cells.map((cell) => cell.toFixed(2).padStart(8)), ...ratios.map((r) => r.padStart(8))].join(
      ' ',
    ),
  );
}
hub.close();
hub.closeAllConnections();
