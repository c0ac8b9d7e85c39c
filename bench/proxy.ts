/**
 * The edge beside configurable-http-proxy 5 and nginx (one worker), in one run: the same server behind, the same load in
 * front, one after the other in each round. A ratio is the median of the rounds' ratios, so that a busy moment of the
 * machine counts for all or for one round only.
 *
 *   node bench/proxy.ts [--rounds 7] [--seconds 2] [--only small|large|WebSocket]
 *
 * Where `taskset` exists, each proxy has the last processor for itself, while load and servers share the first one. They
 * are light, so that the proxy is what limits where it can be: nginx with a fixed answer and wrk; for WebSockets one
 * process that plays server and clients and looks into no message. The line "no proxy" shows how much they could do.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { freePort } from '../test/support/freePort.ts';
import { cpuSeconds, residentMemory } from './support/processTree.ts';
import { isInstalled, ProxyField, type ProxyPeer } from './support/proxyPeers.ts';
import { runEcho, runEdge } from './support/proxyRoles.ts';
import { median } from './support/statistics.ts';

const connections = 64;
const [role, ...words] = process.argv.slice(2);
const numbers = words.map(Number);
if (role === 'edge') await runEdge(words[0] ?? '', numbers[1] ?? 0, numbers[2] ?? 0, numbers[3] ?? 0);
else if (role === 'echo') await runEcho(numbers[0] ?? 0, numbers[1] ?? 0, connections, numbers[2] ?? 0);
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
      rounds: { type: 'string', default: '7' },
      seconds: { type: 'string', default: '2' },
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
    const proxies = [
      await field.startEdge(server, echo),
      await field.startConfigurableHttpProxy(server, echo),
      await field.startNginxProxy(server, echo),
    ];
    const measures: [string, Measure, number][] = [
      ['small: 100-byte responses', (peer, time) => measureHttp(field, peer, 'small', time), server],
      ['large: 1 MiB responses', (peer, time) => measureHttp(field, peer, 'large', time), server],
      ['WebSocket echo of 100 bytes', (peer, time) => measureWebSockets(field, peer, echo, time), echo],
    ];
    console.log(
      `${connections} connections, ${rounds} rounds of ${seconds} s, medians; ${navigator.hardwareConcurrency} processors` +
        (pinning ? ', proxies on the last one, load and servers on the first' : ', nothing pinned: taskset is missing'),
    );
    for (const [title, measure, directPort] of measures) {
      if (!title.includes(values.only)) continue;
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
  const [program, options] = field.command(
    'wrk',
    ['-t1', `-c${connections}`, `-d${seconds}`, '--timeout', '30s', url],
    false,
  );
  const output = execFileSync(program, options, { encoding: 'utf8' });
  const cpu = cpuOf(peer) - before;
  if (/Non-2xx|Socket errors/.test(output)) throw new Error(`${peer.name}: ${output}`);
  const requests = Number(/(\d+) requests in/.exec(output)?.[1]);
  return { perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1]), cpu: (cpu / requests) * 1e6 };
}

async function measureWebSockets(field: ProxyField, peer: ProxyPeer, echo: number, seconds: number): Promise<Sample> {
  const role = [import.meta.filename, 'echo', String(peer.port), String(echo), String(seconds)];
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
  for (const [name, taken] of samples) {
    const rates = taken.map(({ perSecond }) => perSecond);
    const cpu = median(taken.map((sample) => sample.cpu));
    console.log(
      `  ${name.padEnd(24)} ${median(rates).toFixed(0).padStart(7)}/s (${Math.min(...rates).toFixed(0)}–${Math.max(...rates).toFixed(0)})` +
        (name === 'no proxy' ? '' : `  ${cpu.toFixed(1).padStart(7)} µs CPU each`),
    );
  }
  const ours = samples.get('atoll edge') ?? [];
  for (const name of ['configurable-http-proxy', 'nginx']) {
    const theirs = samples.get(name) ?? [];
    const ratioOf = (pick: (our: Sample, their: Sample) => number): string =>
      median(ours.map((our, round) => pick(our, theirs[round] as Sample))).toFixed(2);
    const speed = ratioOf((our, their) => our.perSecond / their.perSecond);
    const cpu = ratioOf((our, their) => their.cpu / our.cpu);
    console.log(`  atoll edge = ${speed} x ${name} (by CPU time: ${cpu} x)`);
  }
}
