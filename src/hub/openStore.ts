import type { DatabaseSettings } from '../config/settings.ts';
import type { DataFolder } from '../core/dataFolder.ts';
import { openSqlite } from '../store/openSqlite.ts';
import type { Store } from '../store/store.ts';

/** What {@link openStore} needs. */
export interface StoreParts {
  folder: DataFolder;
  /** Undefined: in the data folder. */
  database: DatabaseSettings | undefined;
  /** See `openPostgres`. */
  onLost: (error: Error) => void;
}

/**
 * Opens the database that the settings name, and brings what it cannot be read without into the data folder. See
 * {@link openSqlite} and `openPostgres`.
 */
export async function openStore({ folder, database, onLost }: StoreParts): Promise<Store> {
  if (!database) return openSqlite(folder.database);
  await keepSecrets(folder);
  const { openPostgres } = await import('../store/postgres/openPostgres.ts');
  return openPostgres(database, { onLost });
}

/** In a pod, the data folder goes with it. */
async function keepSecrets(folder: DataFolder): Promise<void> {
  const { inClusterAccess } = await import('../kubernetes/inClusterAccess.ts');
  const access = inClusterAccess();
  if (!access) return;
  const { ApiClient } = await import('../kubernetes/apiClient.ts');
  const { keepSecretsInCluster } = await import('./keepSecretsInCluster.ts');
  const client = new ApiClient(access);
  try {
    await keepSecretsInCluster(folder, client, access.namespace);
  } finally {
    await client.close();
  }
}
