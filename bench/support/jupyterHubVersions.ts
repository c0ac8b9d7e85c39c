import { execFileSync } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { FigurePeer } from '../report/figure.ts';

/** A JupyterHub that ours is measured beside. */
export interface JupyterHubVersion {
  /** Without the last number, so that results of other days are beside these. */
  name: string;
  /** The folder of its Python environment, or why there is none. */
  environment: { directory: string } | { missing: string };
}

/**
 * The JupyterHubs that take part: 6.1 of the environment that servers have here, and 5.5 from PyPI.
 * @param directory the folder of that environment
 * @param wanted the first two numbers of each, such as `6.1`
 */
export function jupyterHubVersions(directory: string, wanted: readonly string[] = ['6.1', '5.5']): JupyterHubVersion[] {
  return wanted.map((version) => ({
    name: `JupyterHub ${version}`,
    environment: version === '5.5' ? installed('5.5.4') : { directory },
  }));
}

/** What was measured of them, as the peers of a figure. */
export function peersOf(versions: readonly JupyterHubVersion[], valuesOf: (name: string) => number[]): FigurePeer[] {
  return versions.map(({ name, environment }) => ({
    name,
    theirs: valuesOf(name),
    ...('missing' in environment && { missing: environment.missing }),
  }));
}

/** An environment of its own in the cache; made at the first call. */
function installed(version: string): JupyterHubVersion['environment'] {
  const directory = resolve(import.meta.dirname, `../../.cache/jupyterhub-${version}`);
  if (existsSync(directory)) return { directory };
  console.error(`Installing JupyterHub ${version} …`);
  const draft = `${directory}.${process.pid}`;
  try {
    execFileSync('python3', ['-m', 'venv', draft]);
    execFileSync(join(draft, 'bin/python'), ['-m', 'pip', 'install', '--quiet', `jupyterhub==${version}`]);
    // Programs in an environment know its path; what runs here is `bin/python -m …`, which does not.
    renameSync(draft, directory);
    return { directory };
  } catch (error) {
    return { missing: `it could not be installed: ${String(error).split('\n')[0]}` };
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}
