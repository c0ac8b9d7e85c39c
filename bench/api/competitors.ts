import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { adminSettings, adminToken } from '../../test/support/adminService.ts';
import { Atoll } from '../../test/support/atoll.ts';
import { fillStore } from '../support/fillStore.ts';
import { JupyterHubPeer, makeJupyterHubDatabase } from '../support/jupyterHubPeer.ts';
import type { JupyterHubVersion } from '../support/jupyterHubVersions.ts';
import { withDescendants } from '../support/processTree.ts';
import { isProfiled } from '../support/profiled.ts';
import type { HubUnderTest } from '../support/serverStart.ts';

/** The name of ours among {@link Competitor}s. */
export const atollName = 'atoll';

/** A hub with its proxy and so many users, that can be started again and again. */
export interface Competitor {
  name: string;
  start(): Promise<RunningCompetitor>;
}

/** One of them that runs. */
export interface RunningCompetitor extends HubUnderTest {
  name: string;
  /** The processes of hub and proxy. */
  pids: readonly number[];
  end(): Promise<void>;
}

/**
 * Ours.
 * @param folder where its data are kept from start to start
 */
export function atollWith(users: number, folder: string): Competitor {
  const data = join(folder, `atoll-${users}`);
  const start = async (): Promise<RunningCompetitor> => {
    if (!existsSync(data)) {
      mkdirSync(data);
      await fillStore(join(data, 'atoll.db'), users);
    }
    const atoll = await Atoll.start({ settings: adminSettings, data, sources: isProfiled });
    return {
      name: atollName,
      url: atoll.url,
      token: adminToken,
      pids: [atoll.pidOf('hub'), atoll.pidOf('edge')],
      end: () => atoll.end(),
    };
  };
  return { name: atollName, start };
}

/**
 * Those of the peers that can be had.
 * @param folder where the database is kept that each start of one begins with
 */
export function peersWith(users: number, versions: readonly JupyterHubVersion[], folder: string): Competitor[] {
  return versions.flatMap(({ name, environment }) => {
    if ('missing' in environment) return [];
    let database: string | undefined;
    const start = async (): Promise<RunningCompetitor> => {
      database ??= makeJupyterHubDatabase(environment.directory, folder, users);
      const peer = await JupyterHubPeer.start(environment.directory, { database });
      return { name, url: peer.url, token: peer.token, pids: withDescendants(peer.pid), end: () => peer.end() };
    };
    return [{ name, start }];
  });
}
