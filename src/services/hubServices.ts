import type { ServiceSettings } from '../config/settings.ts';
import { type Clock, sleep, systemClock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import { Reconciler } from '../core/reconciler.ts';
import type { RouteWriter } from '../edge/protocol.ts';
import type { Identity } from '../identity/identity.ts';
import type { Logger } from '../observability/logger.ts';
import type { Observation, Runtime } from '../runtimes/contract.ts';
import type { Store } from '../store/store.ts';
import { type ManagedService, managedServices } from './managedService.ts';
import { ReachabilityWatch } from './reachability.ts';
import { reconcileService } from './reconcileService.ts';
import type { ServiceLife } from './serviceLife.ts';
import { type ServiceAddress, servicesInPod } from './servicePlaces.ts';
import { relayPort, ServiceRelay } from './serviceRelay.ts';
import { ServiceRoutes } from './serviceRoutes.ts';

/** What {@link createHubServices} needs. */
export interface HubServicesOptions {
  store: Store;
  /** Open already. */
  runtime: Runtime;
  routes: RouteWriter;
  /** The services: who they are, and their tokens. */
  identity: Pick<Identity, 'services' | 'urls' | 'cookies'>;
  settings: Readonly<Record<string, ServiceSettings>>;
  /** Where the edge answers on this machine, with the hub's base, without a final slash. */
  hubUrl: string;
  /** Where to listen for edges in other pods, which do not share this one's loopback address. Undefined: there are none. */
  relay?: { host: string; port: number };
  log: Logger;
  clock?: Clock;
}

/** The services beside the hub: leads people to them, and runs those that the settings give a command. */
export interface HubServices {
  /** Publishes the routes, takes over the services that an earlier hub left running, and starts the others. Call once. */
  open(): Promise<void>;
  /** Stops looking after them. They run on, for the next hub. */
  close(): Promise<void>;
  /** Ends those that the hub runs, and waits for it, `milliseconds` at most. After {@link close}. */
  stopAll(milliseconds: number): Promise<void>;
}

/** Puts the parts together. Nothing happens before {@link HubServices.open}. */
export function createHubServices(options: HubServicesOptions): HubServices {
  const { store, runtime, identity, log, hubUrl, clock = systemClock } = options;
  const { services } = identity;
  const wanted = managedServices(options.settings, (name) => services.get(name), hubUrl);
  const life: ServiceLife = { store, runtime, services, identity, log, clock, hubUrl, wanted };
  const places = options.relay ? servicesInPod(options.settings) : new Map<string, ServiceAddress>();
  const relayAt = options.relay ?? { host: '', port: relayPort };
  const routes = new ServiceRoutes(options.routes, identity.urls, places, relayAt.port);
  const relay = new ServiceRelay({ ...relayAt, places, urls: identity.urls, log });
  const reconciler = new Reconciler({
    reconcile: (name) => reconcileService(life, name),
    listKeys: () => namesToLookAt(life),
    onError: (service, error) => log.error({ service, error: messageOf(error) }, 'service step failed'),
    clock,
  });
  const reachability = new ReachabilityWatch({ services, places, log });
  const unfollow: (() => void)[] = [];

  return {
    async open() {
      routes.publish(services.list());
      unfollow.push(
        store.changes.follow('services', () => routes.publish(services.list())),
        runtime.observe((seen) => void wakeServiceOf(seen)),
      );
      await relay.open();
      await endStrays(life);
      await takeOverTokens(life);
      await reconciler.start();
      reachability.open();
    },
    async close() {
      for (const stop of unfollow.splice(0)) stop();
      reachability.close();
      relay.close();
      await reconciler.stop();
    },
    async stopAll(milliseconds) {
      const ending: ServiceLife = { ...life, wanted: new Map<string, ManagedService>() };
      const deadline = clock.now() + milliseconds;
      for (;;) {
        const names = await namesToLookAt(ending);
        if (names.length === 0 || clock.now() > deadline) return;
        for (const name of names) await reconcileService(ending, name);
        await sleep(50);
      }
    },
  };

  async function wakeServiceOf({ kind, id }: Observation): Promise<void> {
    if (kind !== 'service') return;
    try {
      const row = await store.db
        .selectFrom('managed_services')
        .select('name')
        .where('workload_id', '=', id)
        .executeTakeFirst();
      if (row) reconciler.wake(row.name);
    } catch (error) {
      log.error({ workload: id, error: messageOf(error) }, 'an observation was not passed on');
    }
  }
}

/** The services that shall run, and those that were started. */
async function namesToLookAt({ store, wanted }: ServiceLife): Promise<string[]> {
  const rows = await store.db.selectFrom('managed_services').select('name').execute();
  return [...new Set([...wanted.keys(), ...rows.map(({ name }) => name)])];
}

/**
 * The tokens of services that run already are good from the hub's first answer on: `HubAuth` believes a single refusal for
 * five minutes.
 */
async function takeOverTokens({ store, services, wanted }: ServiceLife): Promise<void> {
  const rows = await store.db.selectFrom('managed_services').select(['name', 'digest', 'token_hash']).execute();
  for (const { name, digest, token_hash } of rows)
    if (wanted.get(name)?.digest === digest) services.setStarted(name, { tokenHash: token_hash, pid: undefined });
}

/** Ends workloads of services that no record speaks of: the record is always written first, so they are nobody's. */
async function endStrays({ store, runtime, log }: ServiceLife): Promise<void> {
  const workloads = (await runtime.list()).filter((seen) => seen.kind === 'service');
  const rows = await store.db.selectFrom('managed_services').select('workload_id').execute();
  const known = new Set(rows.map((row) => row.workload_id));
  for (const { id, owner, phase } of workloads) {
    if (known.has(id)) continue;
    log.warn({ workload: id, owner }, 'ending a service that has no record');
    if (phase === 'exited') await runtime.forget(id);
    else await runtime.stop(id, { graceSeconds: 0 });
  }
}
