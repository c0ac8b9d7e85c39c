import type { Kysely } from 'kysely';
import { up as identity } from './0001_identity.ts';
import { up as servers } from './0002_servers.ts';
import { up as clusters } from './0003_clusters.ts';
import { up as serverSettings } from './0004_serverSettings.ts';
import { up as shares } from './0005_shares.ts';
import { up as authState } from './0007_authState.ts';
import { up as managedServices } from './0009_services.ts';
import { up as audit } from './0010_audit.ts';
import { up as clusterDetails } from './0011_clusterDetails.ts';
import { up as clusterUsage } from './0012_clusterUsage.ts';

/** One step of the schema. Steps are never changed once released, only added. */
export interface Migration {
  name: string;
  up(db: Kysely<never>): Promise<void>;
}

/** All steps, in order. */
export const migrations: readonly Migration[] = [
  { name: '0001_identity', up: identity },
  { name: '0002_servers', up: servers },
  { name: '0003_clusters', up: clusters },
  { name: '0004_serverSettings', up: serverSettings },
  { name: '0005_shares', up: shares },
  { name: '0007_authState', up: authState },
  { name: '0009_services', up: managedServices },
  { name: '0010_audit', up: audit },
  { name: '0011_clusterDetails', up: clusterDetails },
  { name: '0012_clusterUsage', up: clusterUsage },
];
