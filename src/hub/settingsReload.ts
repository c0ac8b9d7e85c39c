import type { Trial } from '../bridge/bridge.ts';
import type { BridgeHolder } from '../bridge/bridgeHolder.ts';
import type { KnownPython } from '../bridge/messages.ts';
import type { LiveSettings } from '../config/live.ts';
import { needsRestart } from '../config/needsRestart.ts';
import type { Settings } from '../config/settings.ts';
import type { ChangedSetting, SettingsReport } from '../config/settingsReport.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import type { RoutePublisher } from '../edge/control/routePublisher.ts';
import type { Identity } from '../identity/identity.ts';
import type { Logger } from '../observability/logger.ts';
import type { Servers } from '../servers/servers.ts';

/** What {@link SettingsReload} works with. */
export interface SettingsReloadParts {
  live: LiveSettings;
  python: Pick<BridgeHolder, 'get' | 'current'>;
  identity: Pick<Identity, 'reload'>;
  servers: Pick<Servers, 'outdated'>;
  publisher: Pick<RoutePublisher, 'trust'>;
  log: Logger;
  clock?: Clock;
}

/** What came of new settings. */
export type ReloadOutcome =
  | {
      applied: true;
      /** Running servers that keep older settings until they are started again: `ada`, `ada/gpu`. */
      outdated: string[];
    }
  /** They can be put into force by a hub that starts with them: these parts of the settings are read then only. */
  | { applied: false; parts: string[] };

/** Puts other settings into force while the hub runs, and knows what an administrator should be told about that. */
export class SettingsReload {
  readonly #parts: SettingsReloadParts;
  readonly #clock: Clock;
  #report: SettingsReport;

  constructor(parts: SettingsReloadParts) {
    this.#parts = parts;
    this.#clock = parts.clock ?? systemClock;
    this.#report = { since: this.#clock.now(), changes: [] };
  }

  get report(): SettingsReport {
    return this.#report;
  }

  /**
   * Puts settings into force. Running servers and clusters are left alone, and so are calls of the Python before.
   * @param python that of the settings, if there is some.
   * @throws AtollError when they cannot be: nothing has changed then
   */
  async apply(settings: Settings, changes: readonly ChangedSetting[], python?: KnownPython): Promise<ReloadOutcome> {
    const { live, identity, servers, publisher, log } = this.#parts;
    const parts = needsRestart(live.current, settings);
    if (parts.length > 0) return { applied: false, parts };
    const trial = await this.#tryPython(python);
    try {
      // First, because it refuses what is wrong as a whole.
      await identity.reload(settings);
    } catch (error) {
      trial.discard();
      throw error;
    }
    live.replace(settings);
    trial.adopt();
    publisher.trust(settings.edge.trustedProxies);
    this.#report = { since: this.#clock.now(), changes };
    log.info({ changes }, 'other settings are in force');
    return { applied: true, outdated: (await servers.outdated()).map(nameOf) };
  }

  async #tryPython(python: KnownPython | undefined): Promise<Pick<Trial, 'adopt' | 'discard'>> {
    const holder = this.#parts.python;
    if (python) return (await holder.get()).repeat(python);
    return { adopt: () => holder.current?.unload(), discard: () => undefined };
  }

  /** Notes that newer files were refused; the settings in force stay. */
  refuse(problems: readonly string[]): void {
    const { waiting: _, ...report } = this.#report;
    this.#report = { ...report, refused: { at: this.#clock.now(), problems } };
    this.#parts.log.error({ problems }, 'newer settings were refused; the old ones stay in force');
  }

  /** Notes that the files say again what is in force. */
  settle(): void {
    const { refused: _, waiting: __, ...report } = this.#report;
    this.#report = report;
  }

  /** Notes that newer files wait for somebody to restart the hub. */
  wait(changes: readonly ChangedSetting[]): void {
    const { refused: _, ...report } = this.#report;
    this.#report = { ...report, waiting: changes.map(({ path }) => path) };
    this.#parts.log.warn({ changes }, 'newer settings wait for a restart of the hub');
  }
}

function nameOf({ user, name }: { user: string; name: string }): string {
  return name === '' ? user : `${user}/${name}`;
}
