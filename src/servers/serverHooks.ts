import type { ServerSettings } from '../config/settings.ts';
import type { Server } from './server.ts';

/** What operators' own functions do when servers start and stop (`pre_spawn_hook`, `post_stop_hook` and others). */
export interface ServerHooks {
  /**
   * Called before each start, before the profile is applied; returns the settings for this start. May be called again for
   * the same start, when the hub was killed meanwhile.
   * @throws AtollError, which ends the start and is its reason.
   */
  beforeStart(server: Server, settings: ServerSettings): Promise<ServerSettings>;
  /** Called after a server has stopped, however it ended. What goes wrong is logged, not thrown. */
  afterStop(server: Server): Promise<void>;
}
