import { tmpdir } from 'node:os';
import { makeJupyterHubDatabase } from '../support/jupyterHubPeer.ts';
import type { JupyterHubVersion } from '../support/jupyterHubVersions.ts';

/** A JupyterHub that can be had, and the database with which each start of it begins. */
export interface PeerWithDatabase {
  name: string;
  /** The folder of its Python environment. */
  directory: string;
  database: string;
}

/** Those of the versions that can be had, with so many users, of whom so many have a server that runs at the port. */
export function peersWithDatabases(
  versions: readonly JupyterHubVersion[],
  users: number,
  running?: { servers: number; port: number },
): PeerWithDatabase[] {
  return versions.flatMap(({ name, environment }) => {
    if ('missing' in environment) return [];
    const { directory } = environment;
    return [{ name, directory, database: makeJupyterHubDatabase(directory, tmpdir(), users, running) }];
  });
}
