/**
 * The edge under load of every kind for a long time, with requests broken off anywhere: does it give everything back?
 *
 *   node bench/edge/soak.ts [minutes, default 10]
 *
 * Prints heap (after a collection), resident memory and what is open, every 10 s. Ends with exit code 1 when the heap or
 * the resident memory of the last quarter is above that of the second one by more than noise, or when anything is still
 * open after the load has ended.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer, get, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { roleEnvironment } from '../../src/cli/roles/supervisor.ts';
import type { EdgeStats } from '../../src/edge/edge.ts';
import { until } from '../../test/support/until.ts';
import type { Figure } from '../report/figure.ts';
import { handIn } from '../report/handIn.ts';
import { residentMemory } from '../support/processTree.ts';
import { median } from '../support/statistics.ts';
import { runSoakedEdge, type SoakSample } from './soakedEdge.ts';

const clients = 48;
const sampleEveryMs = 10_000;
/** Above this much growth it is a leak and not noise. */
const mostGrowth = { heapBytes: 4 * 2 ** 20, residentBytes: 24 * 2 ** 20 };

async function soak(minutes: number): Promise<boolean> {
  const server = await startServer();
  const edge = fork(import.meta.filename, ['edge', String(server.port)], {
    execArgv: ['--expose-gc'],
    env: { ...roleEnvironment, ...process.env },
  });
  const [port] = (await once(edge, 'message')) as [number];
  const end = performance.now() + minutes * 60_000;
  let done = 0;
  const load = Promise.all(
    Array.from({ length: clients }, async () => {
      while (performance.now() < end) {
        await deeds[Math.floor(Math.random() * deeds.length)]?.(port);
        done++;
      }
    }),
  );
  const samples: (SoakSample & { resident: number })[] = [];
  while (performance.now() < end) {
    await sleep(Math.min(sampleEveryMs, Math.max(0, end - performance.now())));
    const sample = { ...(await sampleOf(edge)), resident: residentMemory(edge.pid ?? 0) };
    samples.push(sample);
    const { exchanges, tunnels, clients, upstreams, requests } = sample.stats;
    console.log(
      `${done} deeds, ${requests} requests: heap ${mebibytes(sample.heap)}, outside ${mebibytes(sample.external)}, resident ${mebibytes(sample.resident)}; ` +
        `open: ${clients} clients, ${exchanges} requests, ${tunnels} tunnels, ${upstreams} to the server`,
    );
  }
  await load;
  const left = await until('everything is given back', async () => {
    const { stats } = await sampleOf(edge);
    return isEmpty(stats) && stats;
  }).catch(() => undefined);
  const grown = (name: 'heap' | 'resident'): number => {
    const quarter = Math.floor(samples.length / 4);
    const values = samples.map((sample) => sample[name]);
    return (
      median(values.slice(-Math.max(1, quarter))) - median(values.slice(quarter, Math.max(quarter + 1, 2 * quarter)))
    );
  };
  const growth = { heap: grown('heap'), resident: grown('resident') };
  edge.kill();
  await server.close();
  console.log(
    `growth from the second to the last quarter: heap ${mebibytes(growth.heap)}, resident ${mebibytes(growth.resident)}`,
  );
  console.log(left ? 'nothing is left open' : 'something is left open');
  const figure = (name: string, unit: string, value: number): Figure => ({
    case: `edge-soak/${name}`,
    unit,
    better: 'less',
    ours: [value],
  });
  handIn(
    [
      figure('growth of the heap', 'MiB', growth.heap / 2 ** 20),
      figure('growth of resident memory', 'MiB', growth.resident / 2 ** 20),
    ],
    `${minutes} minutes of requests, uploads and WebSockets, many of them broken off; the last quarter beside the second one.`,
  );
  return left !== undefined && growth.heap < mostGrowth.heapBytes && growth.resident < mostGrowth.residentBytes;
}

const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

function isEmpty({ exchanges, tunnels, clients, sockets, held, heldTls, granted }: EdgeStats): boolean {
  return exchanges + tunnels + clients + sockets + held + heldTls + granted === 0;
}

async function sampleOf(edge: ChildProcess): Promise<SoakSample> {
  edge.send('sample');
  const [sample] = (await once(edge, 'message')) as [SoakSample];
  return sample;
}

/** Small and large pages, slow streams, uploads, WebSockets, and answers that end too early. */
async function startServer(): Promise<{ port: number; close(): Promise<void> }> {
  const large = Buffer.alloc(512 * 1024, 'x');
  const server = createServer((call, response) => {
    call.resume();
    if (call.url === '/s/small') response.end('0123456789'.repeat(10));
    else if (call.url === '/s/large') response.end(large);
    else if (call.url === '/s/broken') {
      response.writeHead(200, { 'Content-Length': 1000 });
      response.write('half');
      setTimeout(() => response.destroy(), 5);
    } else if (call.url === '/s/stream') {
      const timer = setInterval(() => response.write('data: x\n\n'), 5);
      response.on('close', () => clearInterval(timer));
    } else call.on('end', () => response.end('ok'));
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => {
    socket.on('error', () => {});
    socket.on('message', (data) => socket.send(data));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Asks and reads the answer; breaks off after `breakOffMs` when that is given. */
function fetchPath(port: number, path: string, breakOffMs?: number): Promise<void> {
  return new Promise((resolve) => {
    const call = get({ port, host: '127.0.0.1', path, agent: false }, (response) =>
      response.resume().on('error', () => {}),
    );
    call.on('error', () => {}).on('close', resolve);
    if (breakOffMs !== undefined) setTimeout(() => call.destroy(), breakOffMs);
  });
}

function upload(port: number, bytes: number, breakOffMs?: number): Promise<void> {
  return new Promise((resolve) => {
    const options = { port, host: '127.0.0.1', path: '/s/upload', method: 'PUT', agent: false } as const;
    const call = request(options, (response) => response.resume().on('error', () => {}));
    call.on('error', () => {}).on('close', resolve);
    call.end(Buffer.alloc(bytes));
    if (breakOffMs !== undefined) setTimeout(() => call.destroy(), breakOffMs);
  });
}

async function converse(port: number, messages: number): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/s/ws`);
  socket.on('error', () => {});
  const closed = once(socket, 'close');
  socket.on('open', () => socket.send('m'.repeat(200)));
  socket.on('message', (data) => (--messages > 0 ? socket.send(data) : socket.terminate()));
  await closed;
}

function sendBytes(port: number, bytes: Buffer | string, closeAfterMs: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {}).on('close', () => resolve());
    socket.resume().end(bytes);
    setTimeout(() => socket.destroy(), closeAfterMs);
  });
}

const somewhen = (): number => Math.random() * 20;
const deeds: ((port: number) => Promise<void>)[] = [
  (port) => fetchPath(port, '/s/small'),
  (port) => fetchPath(port, '/s/small', somewhen() / 10),
  (port) => fetchPath(port, '/s/large'),
  (port) => fetchPath(port, '/s/large', somewhen()),
  (port) => fetchPath(port, '/s/stream', somewhen() * 3),
  (port) => fetchPath(port, '/s/broken'),
  (port) => fetchPath(port, '/hub/nothing'),
  (port) => upload(port, 300_000),
  (port) => upload(port, 3_000_000, somewhen()),
  (port) => converse(port, 20),
  (port) => sendBytes(port, 'GET / HTTP/1.1\r\nHost: x\r\nX', somewhen()),
  (port) => sendBytes(port, 'GET /s/small HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(5), somewhen()),
  (port) => sendBytes(port, Buffer.from([0x16, 3, 1, 0, 200, 1, 0]), somewhen()),
  (port) => sendBytes(port, 'no HTTP at all\r\n\r\n', somewhen()),
];

if (process.argv[2] === 'edge') await runSoakedEdge(Number(process.argv[3]));
else process.exitCode = (await soak(Number(process.argv[2] ?? 10))) ? 0 : 1;
