import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { unfinished } from './buildEnvironment.ts';
import { takeBuildLock } from './buildLock.ts';

/** For so long an older environment stays: whoever goes back to the program before finds it still. */
const keptMs = 24 * 3600 * 1000;

/**
 * Removes environments that later ones have taken the place of, a day after that, as far as no process uses them: servers
 * and workers that run go on with what they were started with.
 * @param root where environments are built, as in `ensureEnvironment`: `<state directory>/python`
 * @returns the folders that were removed
 */
export async function removeOldEnvironments(root: string, now = Date.now()): Promise<string[]> {
  const current = await readCurrent(root);
  if (!current || now - current.since < keptMs) return [];
  const old = (await readdir(root)).filter((name) => /^[0-9a-f]{20}$/.test(name) && name !== current.folder);
  const unused = old.filter((name) => !isUsed(join(root, name)));
  if (unused.length === 0) return [];
  const release = await takeBuildLock(root, () => undefined);
  try {
    // Somebody may have built another one meanwhile, or this very one.
    if ((await readCurrent(root))?.folder !== current.folder) return [];
    for (const name of unused) {
      // Under its own name an environment is whole.
      const doomed = join(root, unfinished + randomUUID());
      await rename(join(root, name), doomed);
      await rm(doomed, { recursive: true, force: true });
    }
    return unused;
  } finally {
    release();
  }
}

async function readCurrent(root: string): Promise<{ folder: string; since: number } | undefined> {
  try {
    const path = join(root, 'current.json');
    const { folder } = JSON.parse(await readFile(path, 'utf8')) as { folder: string };
    return { folder, since: (await stat(path)).mtimeMs };
  } catch {
    return undefined;
  }
}

/** Whether a process was started from a folder, has it on its path, or has loaded a library from it. */
function isUsed(directory: string): boolean {
  const marks = [directory, realpathSync(directory)].map((path) => `${path}/`);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .some((pid) =>
      ['cmdline', 'environ', 'maps'].some((file) => {
        const text = readProc(`/proc/${pid}/${file}`);
        return marks.some((mark) => text.includes(mark));
      }),
    );
}

function readProc(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return ''; // It has ended, or is none of our business.
  }
}
