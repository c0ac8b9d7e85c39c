import { connect } from 'node:net';
import type { Services } from '../identity/services.ts';
import type { Logger } from '../observability/logger.ts';
import { addressOf, type ServiceAddress } from './servicePlaces.ts';

/** What {@link ReachabilityWatch} works with. */
export interface ReachabilityOptions {
  services: Services;
  /** Where services are whose URL does not say it, by name. Default: none. */
  places?: ReadonlyMap<string, ServiceAddress>;
  log: Logger;
  /** Milliseconds between two looks. Default: a minute, as in JupyterHub (`service_check_interval`). */
  intervalMs?: number;
}

/** Soon after the start, when services that the hub runs have had time to begin. */
const firstLookMs = 10_000;
const patienceMs = 5000;

/** Looks now and then whether the services with an address take connections; tells the log when that changes. */
export class ReachabilityWatch {
  readonly #services: Services;
  readonly #places: ReadonlyMap<string, ServiceAddress>;
  readonly #log: Logger;
  readonly #intervalMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor({ services, places = new Map(), log, intervalMs = 60_000 }: ReachabilityOptions) {
    this.#services = services;
    this.#places = places;
    this.#log = log;
    this.#intervalMs = intervalMs;
  }

  open(): void {
    this.#plan(Math.min(firstLookMs, this.#intervalMs));
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Looks at all of them once. Never fails. */
  async look(): Promise<void> {
    await Promise.all(
      this.#services.list().map(async ({ name, url, reachable }) => {
        const address = this.#places.get(name) ?? (url === undefined ? undefined : addressOf(url));
        if (!address) return;
        const answers = await takesConnections(address);
        this.#services.setReachable(name, answers);
        if (!answers && reachable !== false)
          this.#log.warn({ service: name, url }, 'service does not take connections');
        if (answers && reachable === false) this.#log.info({ service: name }, 'service takes connections again');
      }),
    );
  }

  #plan(milliseconds: number): void {
    this.#timer = setTimeout(() => void this.#lookAgain(), milliseconds);
    this.#timer.unref();
  }

  async #lookAgain(): Promise<void> {
    await this.look();
    if (this.#timer) this.#plan(this.#intervalMs);
  }
}

function takesConnections({ host, port }: { host: string; port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: patienceMs });
    const settle = (answers: boolean) => (): void => {
      socket.destroy();
      resolve(answers);
    };
    socket.once('connect', settle(true));
    socket.once('error', settle(false));
    socket.once('timeout', settle(false));
  });
}
