import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomHex } from '../../core/ids.ts';
import { projectFolder } from '../../core/projectFolder.ts';

const source = join(projectFolder, 'python');
const names = ['atoll_workload.py', 'atoll_supervisor.py', 'atoll_forkserver.py'];

/**
 * Copies Atoll's Python programs into a folder named after their content, which every account can read, and returns it. A
 * fork server executes its own file again after hours: a program that was updated meanwhile must not surprise it.
 */
export async function installPrograms(directory: string): Promise<string> {
  const contents = await Promise.all(names.map((name) => readFile(join(source, name), 'utf8')));
  const version = createHash('sha256').update(JSON.stringify(contents)).digest('hex').slice(0, 12);
  const folder = join(directory, `programs-${version}`);
  if (existsSync(folder)) return folder;
  const temporary = join(directory, `.programs-${randomHex(8)}`);
  await mkdir(temporary);
  try {
    for (const [index, name] of names.entries())
      await writeFile(join(temporary, name), contents[index] ?? '', { mode: 0o644 });
    await chmod(temporary, 0o755);
    await rename(temporary, folder);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}
