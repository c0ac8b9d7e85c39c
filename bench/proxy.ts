/**
 * The edge beside configurable-http-proxy 5 and nginx (one worker), in one run: the same server behind, the same load in
 * front, rounds in turn, medians.
 *
 *   node bench/proxy.ts [--rounds 5] [--seconds 4] [--only atoll|nginx|configurable]
 *
 * Where `taskset` exists, each proxy has the last processor for itself, while load and servers share the first one: they
 * are lighter than any of the proxies (nginx with a fixed answer and wrk; for WebSockets a bare echo and a bare client),
 * so that the proxy is what limits. The line "no proxy" shows how much load and servers could do on their one processor.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { freePort } from '../test/support/freePort.ts';
import { cpuSeconds, residentMemory } from './support/processTree.ts';
import { isInstalled, ProxyField, type ProxyPeer } from './support/proxyPeers.ts';
import { runEchoLoad, runEchoServer, runEdge } from './support/proxyRoles.ts';
import { median } from './support/statistics.ts';

const connections = 64;
const [role, ...words] = process.argv.slice(2);
const numbers = words.map(Number);
if (role === 'edge') await runEdge(words[0] ?? '', numbers[1] ?? 0, numbers[2] ?? 0, numbers[3] ?? 0);
else if (role === 'echo') runEchoServer(numbers[0] ?? 0);
else if (role === 'load') runEchoLoad(numbers[0] ?? 0, numbers[1] ?? 0, numbers[2] ?? 0);
else await compare();

interface Sample {
  perSecond: number;
  /** Microseconds of the proxy's CPU for each request or message. */
  cpu: number;
}

type Measure = (peer: ProxyPeer, seconds: number) => Promise<Sample>;

async function compare(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '4' },
      only: { type: 'string', default: '' },
    },
  });
  const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)];
  for (const program of ['wrk', 'nginx'])
    if (!isInstalled(program)) {
      console.log(`skipped: ${program} is not installed`);
      return;
    }
  const pinning = isInstalled('taskset') && navigator.hardwareConcurrency > 1;
  const field = new ProxyField(pinning);
  try {
    const server = await field.startServer();
    const echo = await freePort();
    field.startRole('echo', [echo], false);
    const proxies = [
      await field.startEdge(server, echo),
      await field.startConfigurableHttpProxy(server, echo),
      await field.startNginxProxy(server, echo),
    ].filter(({ name }) => name.includes(values.only));
    const measures: [string, Measure, number][] = [
      ['100-byte responses', (peer, time) => measureHttp(field, peer, 'small', time), server],
      ['1 MiB responses', (peer, time) => measureHttp(field, peer, 'large', time), server],
      ['WebSocket echo of 100 bytes', (peer, time) => measureWebSockets(field, peer, time), echo],
    ];
    console.log(
      `${connections} connections, ${rounds} rounds of ${seconds} s, medians; ${navigator.hardwareConcurrency} processors` +
        (pinning ? ', proxies on the last one, load and servers on the first' : ', nothing pinned: taskset is missing'),
    );
    for (const [title, measure, directPort] of measures) {
      const peers = [...proxies, { name: 'no proxy', port: directPort, pids: [] }];
      const samples = new Map<string, Sample[]>(peers.map(({ name }) => [name, []]));
      for (const peer of proxies) await measure(peer, 2);
      for (let round = 0; round < rounds; round++)
        for (const peer of peers) samples.get(peer.name)?.push(await measure(peer, seconds));
      report(title, samples);
    }
    for (const { name, pids } of proxies)
      console.log(
        `memory of ${name} afterwards: ${(pids.reduce((sum, pid) => sum + residentMemory(pid), 0) / 2 ** 20).toFixed(0)} MiB`,
      );
  } finally {
    await field.end();
  }
}

async function measureHttp(field: ProxyField, peer: ProxyPeer, name: string, seconds: number): Promise<Sample> {
  const url = `http://127.0.0.1:${peer.port}/bench/${name}`;
  const before = cpuOf(peer);
  const [program, options] = field.command('wrk', ['-t1', `-c${connections}`, `-d${seconds}`, '--timeout', '30s', url], false);
  const output = execFileSync(program, options, { encoding: 'utf8' });
  const cpu = cpuOf(peer) - before;
  if (/Non-2xx|Socket errors/.test(output)) throw new Error(`${peer.name}: ${output}`);
  const requests = Number(/(\d+) requests in/.exec(output)?.[1]);
  return { perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1]), cpu: (cpu / requests) * 1e6 };
}

async function measureWebSockets(field: ProxyField, peer: ProxyPeer, seconds: number): Promise<Sample> {
  const role = [import.meta.filename, 'load', String(peer.port), String(connections), String(seconds)];
  const child = spawn(...field.command(process.execPath, role, false), { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  await lines.next();
  const before = cpuOf(peer);
  const perSecond = Number((await lines.next()).value);
  const cpu = cpuOf(peer) - before;
  await ended;
  return { perSecond, cpu: (cpu / (perSecond * seconds)) * 1e6 };
}

function cpuOf({ pids }: ProxyPeer): number {
  return pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
}

function report(title: string, samples: Map<string, Sample[]>): void {
  console.log(`\n${title}`);
  const rate = (name: string): number => median(samples.get(name)?.map(({ perSecond }) => perSecond) ?? []);
  for (const [name, taken] of samples) {
    const rates = taken.map(({ perSecond }) => perSecond);
    const cpu = median(taken.map(({ cpu }) => cpu));
    console.log(
      `  ${name.padEnd(24)} ${rate(name).toFixed(0).padStart(7)}/s (${Math.min(...rates).toFixed(0)}–${Math.max(...rates).toFixed(0)})` +
        (name === 'no proxy' ? '' : `  ${cpu.toFixed(1).padStart(6)} µs CPU each`),
    );
  }
  for (const name of ['configurable-http-proxy', 'nginx'])
    if (samples.has(name) && samples.has('atoll edge'))
      console.log(`  atoll edge = ${(rate('atoll edge') / rate(name)).toFixed(2)} x ${name}`);
}
