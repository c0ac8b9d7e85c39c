import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { openDataFolder, secretOf } from '../core/dataFolder.ts';
import { replaceFile } from '../core/replaceFile.ts';
import { Sealer } from '../core/sealer.ts';
import { openSqlite } from '../store/openSqlite.ts';
import type { Store } from '../store/store.ts';
import { type ImportReport, importJupyterHub } from './import/importJupyterHub.ts';
import { readJupyterHub } from './import/readJupyterHub.ts';
import { rolesSettings } from './import/rolesSettings.ts';
import { holdLock } from './roles/holdLock.ts';

/** The options of `atoll import`. */
export interface ImportCommandOptions {
  data: string;
  dryRun: boolean;
}

const rolesFile = 'imported-roles.yaml';

/** `atoll import`: brings the users, groups, tokens and named servers of a JupyterHub into a data folder. */
export async function importCommand(path: string, { data, dryRun }: ImportCommandOptions): Promise<void> {
  const found = readJupyterHub(path);
  const { store, sealer } = await openTarget(data, dryRun);
  try {
    const report = await importJupyterHub({
      store,
      sealer,
      data: found,
      cryptKeys: (process.env.JUPYTERHUB_CRYPT_KEY ?? '').split(';').filter((key) => key !== ''),
      dryRun,
      now: Date.now(),
    });
    for (const line of reportLines(report, dryRun)) console.log(line);
    const roles = rolesSettings(found.roles);
    if (roles !== undefined) console.log(keepRoles(join(resolve(data), rolesFile), roles, dryRun));
  } finally {
    await store.close();
  }
}

/**
 * The store of a data folder, held so that no hub runs on it: it would not notice what changes. A dry run where there is no
 * data yet leaves nothing behind.
 */
async function openTarget(data: string, dryRun: boolean): Promise<{ store: Store; sealer: Sealer }> {
  if (dryRun && !existsSync(join(data, 'atoll.db')))
    return { store: await openSqlite(':memory:'), sealer: new Sealer(randomBytes(32)) };
  const folder = openDataFolder(data);
  await holdLock(folder.upLock, folder.root);
  await holdLock(folder.hubLock, folder.root);
  return { store: await openSqlite(folder.database), sealer: new Sealer(secretOf(folder, 'sealing-key')) };
}

/** Roles are settings: they come as a file of settings. */
function keepRoles(path: string, roles: string, dryRun: boolean): string {
  if (existsSync(path) && readFileSync(path, 'utf8') === roles) return `Roles: unchanged, in ${path}`;
  if (dryRun) return `Roles: would be written to ${path}`;
  replaceFile(path, roles, { flush: true });
  return `Roles: written to ${path}; start Atoll with -f ${path} beside your other settings.`;
}

const titles: Readonly<Record<keyof ImportReport, string>> = {
  users: 'Users',
  groups: 'Groups',
  memberships: 'Members of groups',
  tokens: 'API tokens',
  authStates: 'Auth states',
  servers: 'Servers',
};

function reportLines(report: ImportReport, dryRun: boolean): string[] {
  const lines = Object.entries(report).map(([kind, { added, changed, leftOut }]) => {
    const parts = [
      `${added} new`,
      ...(changed > 0 ? [`${changed} changed`] : []),
      ...[...leftOut].map(([why, count]) => `${count} left out: ${why}`),
    ];
    return `${titles[kind as keyof ImportReport]}: ${parts.join(', ')}`;
  });
  return dryRun ? ['Nothing was changed. An import would bring:', ...lines] : lines;
}
