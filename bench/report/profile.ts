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
  /** By the function that ran itself, of ours, of a library, of Node or of the system. */
  running: ProfileEntry[];
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
  const [byFolder, byFunction, byRunning] = [newSums(), newSums(), newSums()];
  let total = 0;
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.cpuprofile'))) {
    const profile = JSON.parse(readFileSync(join(folder, name), 'utf8')) as CpuProfile;
    const spent = spentBy(profile, nearestOwn);
    const shareOf = (place: string): number =>
      [...spent].reduce((sum, [where, micros]) => sum + (where.startsWith(place) ? micros : 0), 0);
    if (shareOf('src/') <= shareOf('bench/')) continue;
    for (const [where, micros] of spent) {
      total += micros;
      add(byFunction, where, micros);
      add(byFolder, folderOf(where), micros);
    }
    for (const [where, micros] of spentBy(profile, () => runningPlace)) add(byRunning, where, micros);
  }
  if (total === 0) return undefined;
  return {
    seconds: total / 1e6,
    folders: largest(byFolder, total, mostFolders),
    functions: largest(byFunction, total, mostFunctions),
    running: largest(byRunning, total, mostFunctions),
  };
}

/** A summary as lines of text. */
export function profileText({ seconds, folders, functions, running }: ProfileSummary): string[] {
  const line = ({ where, share }: ProfileEntry): string => `${(share * 100).toFixed(1).padStart(6)} %  ${where}`;
  return [
    `${seconds.toFixed(1)} s of CPU of ours, from the start of the program, by folder:`,
    ...folders.map(line),
    'by function of ours, with what it calls:',
    ...functions.map(line),
    'by what ran itself:',
    ...running.map(line),
  ];
}

/** Microseconds by the place of each sample. */
function spentBy(profile: CpuProfile, placesOf: (profile: CpuProfile) => (node: ProfileNode) => string): Sums {
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  const placeOf = placesOf(profile);
  const spent = newSums();
  for (const [index, id] of profile.samples.entries()) {
    const node = byId.get(id);
    if (node && node.callFrame.functionName !== idle) add(spent, placeOf(node), profile.timeDeltas[index] ?? 0);
  }
  return spent;
}

/** Finds the nearest function of the project on the stack. */
function nearestOwn({ nodes }: CpuProfile): (node: ProfileNode) => string {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(
    nodes.flatMap((node) => (node.children ?? []).map((child) => [child, byId.get(node.id)] as const)),
  );
  const places = new Map<number, string>();
  const placeOf = (node: ProfileNode): string => {
    const known = places.get(node.id);
    if (known !== undefined) return known;
    const parent = parents.get(node.id);
    const place = ownPlace(node) ?? (parent === undefined ? 'Node itself' : placeOf(parent));
    places.set(node.id, place);
    return place;
  };
  return placeOf;
}

/** The function itself: of a library or of Node by its name there; without a file it is the system's, as Node names it. */
function runningPlace(node: ProfileNode): string {
  const { functionName, url } = node.callFrame;
  const file = url.replace(/^.*\/node_modules\//, '');
  return ownPlace(node) ?? `${file} ${functionName || '(its top level)'}`.trim();
}

function ownPlace({ callFrame: { functionName, url } }: ProfileNode): string | undefined {
  if (functionName === '(garbage collector)') return functionName;
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

/** Microseconds by place. */
type Sums = Map<string, number>;

function newSums(): Sums {
  return new Map();
}

function add(sums: Sums, key: string, value: number): void {
  sums.set(key, (sums.get(key) ?? 0) + value);
}
