import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AtollError } from '../core/errors.ts';

/** A Python interpreter of this machine. */
export interface PythonInterpreter {
  path: string;
  /** Such as `3.11.2`. */
  version: string;
}

const names = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11'];
const question = 'import sys; print(*sys.version_info[:3], sys._base_executable, sep="\\n")';

/**
 * The first interpreter on PATH that is new enough (3.11): `python3` if it is, else the newest of the others. For the
 * superuser the system's folders come first, because what lies in their home cannot be reached by the users.
 * @throws AtollError ATOLL_PYTHON_MISSING
 */
export async function findPython(path = process.env.PATH ?? ''): Promise<PythonInterpreter> {
  const folders = path.split(':').filter((folder) => folder.startsWith('/'));
  if (process.getuid?.() === 0) folders.sort((a, b) => Number(isSystemFolder(b)) - Number(isSystemFolder(a)));
  const seen: string[] = [];
  for (const name of names) {
    for (const folder of folders) {
      const found = await inspect(join(folder, name));
      if (!found) continue;
      const [major = 0, minor = 0] = found.version.split('.').map(Number);
      if (major === 3 && minor >= 11) return found;
      seen.push(`${join(folder, name)} is ${found.version}`);
    }
  }
  throw new AtollError('ATOLL_PYTHON_MISSING', 'Atoll needs Python 3.11 or later, and finds none on this machine.', {
    evidence: seen.length > 0 ? `${seen.slice(0, 5).join(', ')}.` : 'There is no python3 on PATH.',
  });
}

function isSystemFolder(folder: string): boolean {
  return /^\/(usr\/local\/|usr\/)?bin\/?$/.test(folder);
}

async function inspect(path: string): Promise<PythonInterpreter | undefined> {
  try {
    accessSync(path, constants.X_OK);
    const { stdout } = await promisify(execFile)(path, ['-I', '-S', '-c', question], { timeout: 20_000 });
    const [major, minor, micro, base] = stdout.trim().split('\n');
    return base ? { path: base, version: `${major}.${minor}.${micro}` } : undefined;
  } catch {
    // Not there, or a stand-in that runs nothing.
    return undefined;
  }
}
