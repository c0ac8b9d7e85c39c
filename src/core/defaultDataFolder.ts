import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';

// Apart from the data folder itself, so that no command pays for what that needs only to know where it would be.

/**
 * Where the data is when nobody says: `$XDG_DATA_HOME/atoll`, or `~/.local/share/atoll`; for the superuser `/var/lib/atoll`,
 * which the accounts that their workloads run as can reach.
 */
export function defaultDataFolder(): string {
  if (isSuperuser()) return '/var/lib/atoll';
  return join(process.env.XDG_DATA_HOME || join(homedir(), '.local', 'share'), 'atoll');
}

/** Whether this is the user that may do everything. */
export function isSuperuser(): boolean {
  return userInfo().uid === 0;
}
