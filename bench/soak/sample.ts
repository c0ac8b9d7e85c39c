import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { processesNaming } from '../../test/support/processesNaming.ts';
import { residentMemory } from '../support/processTree.ts';

/** What Atoll itself holds; none of it may grow for ever. */
export interface Sample {
  'MB of the hub': number;
  'MB of the edge': number;
  'files of the hub': number;
  'files of the edge': number;
  'sockets of the hub': number;
  'sockets of the edge': number;
  'MB of the store': number;
  processes: number;
}

/** As much as the medians of two times may differ without a leak. The store keeps who did what, for more than a year. */
export const noise: Sample = {
  'MB of the hub': 25,
  'MB of the edge': 25,
  'files of the hub': 20,
  'files of the edge': 20,
  'sockets of the hub': 20,
  'sockets of the edge': 20,
  'MB of the store': 8,
  processes: 12,
};

/** Takes one, of the Atoll of a data folder. */
export function takeSample(data: string, hubPid: number, edgePid: number): Sample {
  const [hub, edge] = [openFiles(hubPid), openFiles(edgePid)];
  return {
    'MB of the hub': residentMemory(hubPid) / 1e6,
    'MB of the edge': residentMemory(edgePid) / 1e6,
    'files of the hub': hub.length,
    'files of the edge': edge.length,
    'sockets of the hub': hub.filter(isSocket).length,
    'sockets of the edge': edge.filter(isSocket).length,
    'MB of the store': storeBytes(data) / 1e6,
    processes: processCount(data),
  };
}

/** How many sockets a process has open, listening ones counted. */
export function openSockets(pid: number): number {
  return openFiles(pid).filter(isSocket).length;
}

/** How many processes run in the data folder: the roles, fork servers, servers, schedulers, workers. */
export function processCount(data: string): number {
  return processesNaming(data).length;
}

/** What a process has open: paths, and `socket:[…]` for sockets. */
function openFiles(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).map((name) => linkTarget(join(folder, name)));
  } catch {
    return []; // It ended meanwhile.
  }
}

function linkTarget(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // It was closed meanwhile.
  }
}

function isSocket(target: string): boolean {
  return target.startsWith('socket:');
}

function storeBytes(data: string): number {
  return readdirSync(data)
    .filter((name) => name.startsWith('atoll.db'))
    .reduce((sum, name) => sum + statSync(join(data, name)).size, 0);
}
