import type { Sealer } from '../../core/sealer.ts';
import type { Session } from '../sessions.ts';

const context = 'view-cookie';

/**
 * Values of the view cookie: the sealed public id of a login. The login cookie itself is sent to `/hub/` only, so that code
 * which users control (a dashboard) never sees a request with it; this one is worth nothing at the hub.
 */
export class ViewTokens {
  readonly #sealer: Sealer;

  constructor(sealer: Sealer) {
    this.#sealer = sealer;
  }

  /** A new value for a login. */
  issue(session: Session): string {
    return this.#sealer.seal(session.sessionId, context);
  }

  /** The public id of the login that a value was issued to. */
  read(value: string): string | undefined {
    if (value.length > 256 || !value.startsWith('v1.')) return undefined;
    try {
      return this.#sealer.open(value, context);
    } catch {
      return undefined;
    }
  }
}
