import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isInstalled } from '../support/isInstalled.ts';
import { cpuSeconds } from '../support/processTree.ts';
import type { RunningCompetitor } from './competitors.ts';
import { type ApiRequest, luaOf } from './requests.ts';

/** What a while of load says about a hub. */
export interface Sample {
  perSecond: number;
  /** Milliseconds. */
  p99: number;
  /** Microseconds of CPU of hub and proxy for each request. */
  cpu: number;
}

/** How many connections ask at once. */
export const connections = 16;
/** The load has the first processor for itself and whoever needs it most; hub and proxy run where they like. */
export const isPinned = isInstalled('taskset') && navigator.hardwareConcurrency > 1;

/**
 * Lets wrk send a request again and again.
 * @param folder where its script may be written
 */
export function load(
  hub: RunningCompetitor,
  request: ApiRequest,
  users: number,
  seconds: number,
  folder: string,
): Sample {
  const { url, token, pids, name } = hub;
  const script = join(folder, 'request.lua');
  writeFileSync(
    script,
    `wrk.headers['Authorization'] = 'token ${token}'
wrk.headers['Content-Type'] = 'application/json'
math.randomseed(os.time())
function request()
${luaOf(request, users)}
end
`,
  );
  const words = ['wrk', '-t1', `-c${connections}`, `-d${seconds}`, '--timeout', '60s', '--latency', '-s', script, url];
  const [program = '', ...rest] = isPinned ? ['taskset', '-c', '0', ...words] : words;
  const before = cpuOf(pids);
  const output = execFileSync(program, rest, { encoding: 'utf8' });
  const cpu = cpuOf(pids) - before;
  const [trouble] = /Non-2xx.*|Socket errors.*/.exec(output) ?? [];
  if (trouble !== undefined) throw new Error(`${name}: ${request.title}: ${trouble}`);
  const count = Number(/(\d+) requests in/.exec(output)?.[1]);
  // A slow hub on a busy machine answers nothing in a second.
  if (count === 0) return load(hub, request, users, seconds * 4, folder);
  return {
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1]),
    p99: milliseconds(/99%\s+([\d.]+\w+)/.exec(output)?.[1] ?? ''),
    cpu: (cpu / count) * 1e6,
  };
}

/** Milliseconds of one request on a connection of its own. */
export async function timeOnce({ url, token, name }: RunningCompetitor, request: ApiRequest): Promise<number> {
  const startedAt = performance.now();
  const response = await fetch(`${url}/hub/api${request.path.replace('NAME', 'user-7')}`, {
    method: request.method,
    headers: { authorization: `token ${token}`, 'content-type': 'application/json', connection: 'close' },
    ...(request.reportsActivity && { body: JSON.stringify({ last_activity: new Date().toISOString() }) }),
  });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`${name}: ${request.title} was answered with ${response.status}`);
  return performance.now() - startedAt;
}

function milliseconds(text: string): number {
  const value = Number.parseFloat(text);
  if (text.endsWith('us')) return value / 1000;
  return text.endsWith('ms') ? value : value * 1000;
}

function cpuOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
}
