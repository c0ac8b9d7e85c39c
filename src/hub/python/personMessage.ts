import type { LoadedPython } from '../../bridge/messages.ts';
import type { Identity } from '../../identity/identity.ts';

/** A user as hooks get one (python/bridge/atoll_bridge/spawners.py). */
export interface PersonMessage {
  id: number;
  name: string;
  admin: boolean;
  groups: string[];
  /** What the authenticator remembers; null also where no snippet speaks of it. */
  authState: Record<string, unknown> | null;
}

/** What is asked of identity. */
export type People = Pick<Identity, 'principalOf' | 'authStateOf'> & { users: Pick<Identity['users'], 'get'> };

/** A user as hooks get one; undefined when there is none of that name. */
export async function personMessage(
  identity: People,
  { usesAuthState }: LoadedPython,
  name: string,
): Promise<PersonMessage | undefined> {
  const [user, principal] = await Promise.all([identity.users.get(name), identity.principalOf(name)]);
  if (!user || !principal) return undefined;
  return {
    id: user.id,
    name,
    admin: user.admin,
    groups: [...principal.groups],
    authState: usesAuthState ? await identity.authStateOf(user) : null,
  };
}
