import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { cpuSeconds, residentMemory } from '../support/processTree.ts';
import { type Behind, hugeBytes, type ProxyField, type ProxyPeer, rolePath } from './proxyField.ts';

/** What a case works with in one round. */
interface Round {
  field: ProxyField;
  peer: ProxyPeer;
  behind: Behind;
  seconds: number;
}

/** One thing that proxies are compared in. */
export interface Case {
  name: string;
  peers: readonly ('configurable-http-proxy' | 'nginx')[];
  /** Other routes in the table. Default 1000. */
  routes?: number;
  /** Routes that come or go each second. Default 0. */
  changes?: number;
  /** Measures a proxy once: values by their units. */
  take: (round: Round) => Promise<Record<string, number>>;
}

const both = ['configurable-http-proxy', 'nginx'] as const;
const dynamic = ['configurable-http-proxy'] as const;
const connections = 64;

/** All cases, in the order in which they run. nginx takes no part where routes matter: its routes are a file. */
export const cases: readonly Case[] = [
  { name: '100-byte responses', peers: both, take: http('small') },
  { name: '100-byte responses, 10,000 routes', peers: dynamic, routes: 10_000, take: http('small') },
  { name: '100-byte responses, 200 route changes a second', peers: dynamic, changes: 200, take: http('small') },
  { name: '1 MiB responses', peers: both, take: http('large') },
  { name: '100 MiB response', peers: both, take: transfer('down', '/bench/huge') },
  { name: '100 MiB upload', peers: both, take: transfer('up', '/bench/sink') },
  { name: 'WebSocket echo of 100 bytes', peers: both, take: echo(100) },
  { name: 'WebSocket echo of 64 KiB', peers: both, take: echo(65_536) },
  { name: '2,000 idle WebSockets', peers: both, take: idleWebSockets(2000) },
];

function http(path: string): Case['take'] {
  return async ({ field, peer, seconds }) => {
    const url = `http://127.0.0.1:${peer.port}/bench/${path}`;
    const before = cpuOf(peer);
    const words = ['-t1', `-c${connections}`, `-d${seconds}`, '--timeout', '30s', url];
    const output = execFileSync(...field.command('wrk', words, false), { encoding: 'utf8' });
    const cpu = cpuOf(peer) - before;
    if (/Non-2xx|Socket errors/.test(output)) throw new Error(`${peer.name}: ${output}`);
    const requests = Number(/(\d+) requests in/.exec(output)?.[1]);
    return {
      'requests/s': Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1]),
      'µs CPU': (cpu / requests) * 1e6,
    };
  };
}

function transfer(direction: 'up' | 'down', path: string): Case['take'] {
  return async ({ field, peer }) => {
    const words = [rolePath('transfer'), direction, String(peer.port), path, String(hugeBytes), '2'];
    return { 'MB/s': Number(execFileSync(...field.command(process.execPath, words, false), { encoding: 'utf8' })) };
  };
}

function echo(bytes: number): Case['take'] {
  return async ({ field, peer, behind, seconds }) => {
    const words = [peer.port, behind.echo, connections, seconds, bytes].map(String);
    const child = spawn(...field.command(process.execPath, [rolePath('echo'), ...words], false), {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    await lines.next();
    const before = cpuOf(peer);
    const perSecond = Number((await lines.next()).value);
    const cpu = cpuOf(peer) - before;
    await ended;
    return { 'messages/s': perSecond, 'µs CPU': (cpu / (perSecond * seconds)) * 1e6 };
  };
}

/** What a proxy holds in memory with open WebSockets on which nothing happens. */
function idleWebSockets(count: number): Case['take'] {
  return async ({ field, peer, behind }) => {
    const words = [peer.port, behind.echo, count, 0].map(String);
    const child = spawn(...field.command(process.execPath, [rolePath('echo'), ...words], false), {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await createInterface(child.stdout)[Symbol.asyncIterator]().next();
    const MB = memoryOf(peer) / 1e6;
    const ended = once(child, 'exit');
    child.kill();
    await ended;
    return { MB };
  };
}

function cpuOf({ pids }: ProxyPeer): number {
  return pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
}

function memoryOf({ pids }: ProxyPeer): number {
  return pids.reduce((sum, pid) => sum + residentMemory(pid), 0);
}
