import type { Clock } from '../core/clock.ts';
import type { Identity } from '../identity/identity.ts';
import type { Services } from '../identity/services.ts';
import type { Logger } from '../observability/logger.ts';
import type { Runtime } from '../runtimes/contract.ts';
import type { Store } from '../store/store.ts';
import type { ManagedService } from './managedService.ts';

/** What the steps of a service's life work with. */
export interface ServiceLife {
  store: Store;
  runtime: Runtime;
  services: Services;
  log: Logger;
  clock: Clock;
  hubUrl: string;
  identity: Pick<Identity, 'urls' | 'cookies'>;
  /** What the settings want to run, by name; empty once the hub ends. */
  wanted: ReadonlyMap<string, ManagedService>;
}
