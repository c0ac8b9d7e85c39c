import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where our own processes spent their CPU time while a case ran. */
export interface ProfileSummary {
  /** Seconds of CPU that were looked at, of all our processes. */
  seconds: number;
  /** By the folder of the nearest of our functions on the stack, the most first; shares of 1. */
  folders: ProfileEntry[];
  /** By that function; what it calls in Node and in libraries is counted with it. */
  functions: ProfileEntry[];
}

export interface ProfileEntry {
  where: string;
  share: number;
}

/** A file that `node --cpu-prof` writes: https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile */
interface CpuProfile {
  nodes: ProfileNode[];
  samples: number[];
  /** Microseconds since the sample before. */
  timeDeltas: number[];
}

interface ProfileNode {
  id: number;
  callFrame: { functionName: string; url: string };
  children?: number[];
}

const root = resolve(import.meta.dirname, '../..');
const mostFolders = 6;
const mostFunctions = 12;
/** What V8 names where no function is. */
const idle = '(idle)';

/**
 * Sums up what `node --cpu-prof` left in a folder. Processes that run little of `src/` are left out: the peers, and the
 * program that measures. Undefined when there is none of ours.
 */
export function summarizeProfiles(folder: string): ProfileSummary | undefined {
  const [byFolder, byFunction] = [new Map<string, number>(), new Map<string, number>()];
  let total = 0;
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.cpuprofile'))) {
    const profile = JSON.parse(readFileSync(join(folder, name), 'utf8')) as CpuProfile;
    const spent = spentBy(profile);
    const shareOf = (place: string): number =>
      [...spent].reduce((sum, [where, micros]) => sum + (where.startsWith(place) ? micros : 0), 0);
    if (shareOf('src/') <= shareOf('bench/')) continue;
    for (const [where, micros] of spent) {
      total += micros;
      add(byFunction, where, micros);
      add(byFolder, folderOf(where), micros);
    }
  }
  if (total === 0) return undefined;
  return {
    seconds: total / 1e6,
    folders: largest(byFolder, total, mostFolders),
    functions: largest(byFunction, total, mostFunctions),
  };
}

/** A summary as lines of text. */
export function profileText({ seconds, folders, functions }: ProfileSummary): string[] {
  const line = ({ where, share }: ProfileEntry): string => `${(share * 100).toFixed(1).padStart(6)} %  ${where}`;
  return [
    `${seconds.toFixed(1)} s of CPU of ours, by folder:`,
    ...folders.map(line),
    'by function:',
    ...functions.map(line),
  ];
}

/** Microseconds by the nearest function of the project on the stack. */
function spentBy({ nodes, samples, timeDeltas }: CpuProfile): Map<string, number> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node.id] as const)));
  const places = new Map<number, string>();
  const placeOf = (id: number): string => {
    const known = places.get(id);
    if (known !== undefined) return known;
    const node = byId.get(id);
    const parent = parents.get(id);
    const own = node && ownPlace(node);
    const place = own ?? (parent === undefined ? 'Node itself' : placeOf(parent));
    places.set(id, place);
    return place;
  };
  const spent = new Map<string, number>();
  for (const [index, id] of samples.entries()) {
    const place = placeOf(id);
    if (place !== idle) add(spent, place, timeDeltas[index] ?? 0);
  }
  return spent;
}

function ownPlace({ callFrame: { functionName, url } }: ProfileNode): string | undefined {
  if (/^\((idle|garbage collector)\)$/.test(functionName)) return functionName;
  if (!url.startsWith('file://')) return undefined;
  const path = relative(root, fileURLToPath(url));
  return /^(src|bench|test)\//.test(path) ? `${path} ${functionName || '(its top level)'}` : undefined;
}

function folderOf(where: string): string {
  return /^(src\/[^/ ]+)\//.exec(where)?.[1] ?? where;
}

function largest(spent: ReadonlyMap<string, number>, total: number, most: number): ProfileEntry[] {
  return [...spent]
    .toSorted(([, one], [, other]) => other - one)
    .slice(0, most)
    .map(([where, micros]) => ({ where, share: micros / total }));
}

function add(sums: Map<string, number>, key: string, value: number): void {
  sums.set(key, (sums.get(key) ?? 0) + value);
}
