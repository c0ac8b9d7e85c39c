import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { countInstructions, whyNoInstructions } from '../support/instructions.ts';
import { cpuSeconds, residentMemory } from '../support/processTree.ts';
import { type Behind, hugeBytes, type ProxyField, type ProxyPeer, rolePath } from './proxyField.ts';

/** What a case works with in one round. */
interface Round {
  field: ProxyField;
  peer: ProxyPeer;
  behind: Behind;
  seconds: number;
}

type Take = (round: Round) => Promise<Sample>;

/** Values by their units. */
type Sample = Record<string, number>;

/** One thing that proxies are compared in. */
export interface Case {
  name: string;
  peers: readonly ('configurable-http-proxy' | 'nginx')[];
  /** Other routes in the table. Default 1000. */
  routes?: number;
  /** Routes that come or go each second. Default 0. */
  changes?: number;
  /** Measures a proxy once. */
  take: Take;
  /** The units of what is taken. */
  units: readonly string[];
  /** Why it cannot be taken on this machine; undefined when it can. Default: it can. */
  whyNot?: () => string | undefined;
}

/** What a unit adds to the name of a case; none: it is the figure that the case is about. */
const suffixes: Record<string, string> = {
  'µs CPU': ', CPU',
  'ms CPU/100 MiB': ', CPU',
  'kB/WebSocket': ', each',
};

/** The name of a figure. */
export function figureName(caseName: string, unit: string): string {
  return caseName + (suffixes[unit] ?? '');
}

const both = ['configurable-http-proxy', 'nginx'] as const;
const dynamic = ['configurable-http-proxy'] as const;
const connections = 64;
const requests = ['requests/s', 'µs CPU'];
const transfers = ['MB/s', 'ms CPU/100 MiB'];
const messages = ['messages/s', 'µs CPU'];
const memory = ['MB', 'kB/WebSocket'];

/** All cases, in the order in which they run. nginx takes no part where routes matter: its routes are a file. */
export const cases: readonly Case[] = [
  { name: '100-byte responses', peers: both, take: http('small'), units: requests },
  { name: '100-byte responses, 10,000 routes', peers: dynamic, routes: 10_000, take: http('small'), units: requests },
  {
    name: '100-byte responses, 200 route changes a second',
    peers: dynamic,
    changes: 200,
    take: http('small'),
    units: requests,
  },
  {
    name: '100-byte responses, instructions',
    peers: both,
    take: instructions('small'),
    units: ['instructions'],
    whyNot: whyNoInstructions,
  },
  { name: '1 MiB responses', peers: both, take: http('large'), units: requests },
  { name: '100 MiB response', peers: both, take: transfer('down', '/bench/huge'), units: transfers },
  { name: '100 MiB upload', peers: both, take: transfer('up', '/bench/sink'), units: transfers },
  { name: 'WebSocket echo of 100 bytes', peers: both, take: echo(100), units: messages },
  { name: 'WebSocket echo of 64 KiB', peers: both, take: echo(65_536), units: messages },
  { name: '2,000 idle WebSockets', peers: both, take: idleWebSockets(2000), units: memory },
];

/** The names of all figures. */
export const edgeCaseNames: readonly string[] = cases.flatMap(({ name, units }) =>
  units.map((unit) => figureName(name, unit)),
);

function http(path: string): Take {
  return ({ field, peer, seconds }) => {
    const before = cpuOf(peer);
    const { count, perSecond } = askAgain(field, peer, path, seconds);
    return Promise.resolve({ 'requests/s': perSecond, 'µs CPU': ((cpuOf(peer) - before) / count) * 1e6 });
  };
}

/** How many instructions a request takes, which no other work of the machine changes. */
function instructions(path: string): Take {
  return async ({ field, peer, seconds }) => {
    let count = 0;
    const all = await countInstructions(peer.pids, () => {
      ({ count } = askAgain(field, peer, path, seconds));
    });
    return { instructions: all / count };
  };
}

/** Lets wrk ask for a path again and again. */
function askAgain(
  field: ProxyField,
  peer: ProxyPeer,
  path: string,
  seconds: number,
): { count: number; perSecond: number } {
  const url = `http://127.0.0.1:${peer.port}/bench/${path}`;
  const words = ['-t1', `-c${connections}`, `-d${seconds}`, '--timeout', '30s', url];
  const output = execFileSync(...field.command('wrk', words, false), { encoding: 'utf8' });
  const [trouble] = /Non-2xx.*|Socket errors.*/.exec(output) ?? [];
  if (trouble !== undefined) throw new Error(`${peer.name}: ${trouble}`);
  return {
    count: Number(/(\d+) requests in/.exec(output)?.[1]),
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1]),
  };
}

/** The CPU time that the kernel counts has hundredths of a second: several bodies. */
const times = 3;

function transfer(direction: 'up' | 'down', path: string): Take {
  return async ({ field, peer }) => {
    const words = [rolePath('transfer'), direction, String(peer.port), path, String(hugeBytes), String(times)];
    const before = cpuOf(peer);
    const output = execFileSync(...field.command(process.execPath, words, false), { encoding: 'utf8' });
    return { 'MB/s': Number(output), 'ms CPU/100 MiB': ((cpuOf(peer) - before) / times) * 1e3 };
  };
}

function echo(bytes: number): Take {
  return async ({ field, peer, behind, seconds }) => {
    const words = [peer.port, behind.echo, connections, seconds, bytes].map(String);
    const child = spawn(...field.command(process.execPath, [rolePath('echo'), ...words], false), {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    await begin(lines, peer);
    const before = cpuOf(peer);
    const line = (await lines.next()).value;
    const cpu = cpuOf(peer) - before;
    const perSecond = Number(line);
    if (Number.isNaN(perSecond)) throw new Error(`${peer.name}: ${line}`);
    await ended;
    return { 'messages/s': perSecond, 'µs CPU': (cpu / (perSecond * seconds)) * 1e6 };
  };
}

/** What a proxy holds in memory with open WebSockets on which nothing happens, and how much more than before the first one. */
function idleWebSockets(count: number): Take {
  const before = new WeakMap<ProxyPeer, number>();
  return async ({ field, peer, behind }) => {
    const atRest = before.get(peer) ?? memoryOf(peer);
    before.set(peer, atRest);
    const words = [peer.port, behind.echo, count, 0].map(String);
    const child = spawn(...field.command(process.execPath, [rolePath('echo'), ...words], false), {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await begin(createInterface(child.stdout)[Symbol.asyncIterator](), peer);
    const full = memoryOf(peer);
    const ended = once(child, 'exit');
    child.kill();
    await ended;
    return { MB: full / 1e6, 'kB/WebSocket': (full - atRest) / 1e3 / count };
  };
}

/** @throws Error with what the clients say instead of `begin` */
async function begin(lines: AsyncIterator<string, unknown>, { name }: ProxyPeer): Promise<void> {
  const { done, value } = await lines.next();
  if (value !== 'begin') throw new Error(`${name}: ${done ? 'the clients ended' : value}`);
}

function cpuOf({ pids }: ProxyPeer): number {
  return pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
}

function memoryOf({ pids }: ProxyPeer): number {
  return pids.reduce((sum, pid) => sum + residentMemory(pid), 0);
}
