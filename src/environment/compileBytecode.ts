import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import type { Environment } from './environment.ts';

/**
 * Compiles the modules of an environment that Atoll built, once, with the lowest priority: about 14 s of CPU which nobody
 * should wait for. Until it is done, the first import of each module compiles it. Never fails: a module that cannot be
 * compiled is compiled (or not) when it is imported.
 */
export async function compileBytecode({ python, directory, owned }: Environment, signal?: AbortSignal): Promise<void> {
  const done = join(directory, 'bytecode-compiled');
  if (!owned || existsSync(done) || signal?.aborted) return;
  const child = spawn(python, ['-I', '-m', 'compileall', '-q', join(directory, 'lib')], { stdio: 'ignore', signal });
  const code = await new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null));
    child.once('exit', resolve);
    try {
      if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
    } catch {
      // It has ended already.
    }
  });
  // 1: some files of some package are no Python of this version, which does not matter.
  if (code === 0 || code === 1) await writeFile(done, '').catch(() => undefined);
}
