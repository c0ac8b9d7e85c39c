import { messageOf } from '../core/errors.ts';
import type { Identity } from '../identity/identity.ts';
import type { Logger } from '../observability/logger.ts';
import type { ProcessRuntime } from '../runtimes/process/processRuntime.ts';
import type { Store } from '../store/store.ts';

/** What {@link warmUpAtSignIn} works with. */
export interface WarmUpParts {
  store: Pick<Store, 'changes'>;
  identity: Pick<Identity, 'sessions' | 'users'>;
  runtime: Pick<ProcessRuntime, 'warmUp'>;
  log: Logger;
}

/**
 * Begins the fork server of whoever signs in, so that the server that they are about to start has its imports done or under
 * way. In the background: a sign-in neither waits for it nor fails with it. Until the returned function is called.
 */
export function warmUpAtSignIn({ store, identity, runtime, log }: WarmUpParts): () => void {
  const warmUp = async (sessionId: string): Promise<void> => {
    const session = await identity.sessions.findByPublicId(sessionId);
    const user = session && (await identity.users.getById(session.userId));
    if (user) await runtime.warmUp(user.name);
  };
  return store.changes.follow('sessions', (sessionId) => {
    warmUp(sessionId).catch((error: unknown) => log.warn({ error: messageOf(error) }, 'cannot warm up at a sign-in'));
  });
}
