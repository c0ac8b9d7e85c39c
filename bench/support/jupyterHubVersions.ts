import { execFileSync } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The folder of a Python environment with this JupyterHub from PyPI; made at the first call. */
export function jupyterHubOfVersion(version: string): string {
  const folder = resolve(import.meta.dirname, `../../.cache/jupyterhub-${version}`);
  if (existsSync(folder)) return folder;
  console.error(`Installing JupyterHub ${version} …`);
  const draft = `${folder}.${process.pid}`;
  execFileSync('python3', ['-m', 'venv', draft]);
  try {
    execFileSync(join(draft, 'bin/python'), ['-m', 'pip', 'install', '--quiet', `jupyterhub==${version}`]);
    // Programs in an environment know its path; what runs here is `bin/python -m …`, which does not.
    renameSync(draft, folder);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return folder;
}
