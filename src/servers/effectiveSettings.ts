import type { Live } from '../config/live.ts';
import type { ServerSettings } from '../config/settings.ts';
import { sha256Hex } from '../core/ids.ts';
import type { ServerProfiles } from './profiles/serverProfiles.ts';
import type { Server } from './server.ts';
import type { ServerHooks } from './serverHooks.ts';

/** What each server was started with: the settings with its profile over them. */
export class EffectiveSettings {
  readonly #settings: Live<ServerSettings>;
  readonly #profiles: ServerProfiles | undefined;
  readonly #hooks: ServerHooks | undefined;
  readonly #byWorkload = new Map<string, ServerSettings>();

  /** @param settings what counts without profiles, and for a server whose profile is not offered any more */
  constructor(settings: Live<ServerSettings>, profiles?: ServerProfiles, hooks?: ServerHooks) {
    this.#settings = settings;
    this.#profiles = profiles;
    this.#hooks = hooks;
  }

  /**
   * What a server gets that is started now, and the digest of what that follows from: hooks may say something else at each
   * start.
   * @throws AtollError `ATOLL_PROFILE_INVALID` and others when its profile is not offered any more; what a hook throws
   */
  async forStart(server: Server, workloadId: string): Promise<{ settings: ServerSettings; digest: string }> {
    const planned = await this.now(server);
    const changed = await this.#hooks?.beforeStart(server, this.#settings.current);
    const settings = changed ? await this.#withProfile(server, changed) : planned;
    this.#byWorkload.set(workloadId, settings);
    return { settings, digest: digestOf(planned) };
  }

  /** What a server was started with, as far as this hub knows: an earlier one may have started it. */
  async of(server: Server): Promise<ServerSettings> {
    const { workloadId } = server;
    const known = this.#byWorkload.get(workloadId ?? '');
    if (known) return known;
    const settings = await this.now(server).catch(() => this.#settings.current);
    if (workloadId !== null) this.#byWorkload.set(workloadId, settings);
    return settings;
  }

  /**
   * What a server would get if it were started now.
   * @throws as {@link forStart}
   */
  now(server: Server): Promise<ServerSettings> {
    return this.#withProfile(server, this.#settings.current);
  }

  /** Lays a server's profile over settings. */
  async #withProfile({ user, userOptions }: Server, settings: ServerSettings): Promise<ServerSettings> {
    return this.#profiles ? this.#profiles.settingsFor(user, userOptions, settings) : settings;
  }

  /** Forgets a workload. */
  drop(workloadId: string): void {
    this.#byWorkload.delete(workloadId);
  }
}

/** What says how the hub treats servers, and nothing to a server itself. */
const ofTheHub: ReadonlySet<string> = new Set<keyof ServerSettings>([
  'allowNamedServers',
  'namedServerLimit',
  'concurrentStartLimit',
  'activeServerLimit',
  'redirectToServer',
]);

/** Tells apart what servers are started with, as far as a start depends on it. */
export function digestOf(settings: ServerSettings): string {
  const start = Object.entries(settings).filter(([name]) => !ofTheHub.has(name));
  return sha256Hex(JSON.stringify(Object.fromEntries(start))).slice(0, 32);
}
