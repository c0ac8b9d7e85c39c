import type { Live } from '../../config/live.ts';
import type { ServerSettings } from '../../config/settings.ts';
import type { Clock } from '../../core/clock.ts';
import type { Identity } from '../../identity/identity.ts';
import type { ServerProfiles } from '../../servers/profiles/serverProfiles.ts';
import type { Servers } from '../../servers/servers.ts';

/** What the pages about servers need. */
export interface ServersPagesOptions {
  servers: Servers;
  identity: Identity;
  profiles: ServerProfiles;
  settings: Live<Pick<ServerSettings, 'allowNamedServers' | 'redirectToServer' | 'landingUrl'>>;
  clock?: Clock;
}
