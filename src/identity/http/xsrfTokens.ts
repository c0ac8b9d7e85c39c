import type { Clock } from '../../core/clock.ts';
import type { Sealer } from '../../core/sealer.ts';
import type { Session } from '../sessions.ts';
import type { Client } from './client.ts';

/** How long a form that was loaded before signing in can be sent. */
const anonymousLifetimeMs = 12 * 3600 * 1000;

/** Whom an XSRF token is for: a login, or somebody who has not signed in yet. */
export type XsrfSubject = { session: Session } | { client: Client };

/**
 * XSRF tokens. Each is bound to a login (or, before signing in, to the client's address and program), so that one which
 * a page beside the hub slips into a cookie is worth nothing. Nothing is stored: a token is a sealed expiry time.
 */
export class XsrfTokens {
  readonly #sealer: Sealer;
  readonly #clock: Clock;

  constructor(sealer: Sealer, clock: Clock) {
    this.#sealer = sealer;
    this.#clock = clock;
  }

  /** A new token for a subject. Of letters, digits and `-_.` only. */
  issue(subject: XsrfSubject): string {
    const expiresAt = 'session' in subject ? subject.session.expiresAt : this.#clock.now() + anonymousLifetimeMs;
    return this.#sealer.seal(String(expiresAt), contextOf(subject));
  }

  /** Whether a token was issued to this subject and has not expired. */
  isValid(token: string, subject: XsrfSubject): boolean {
    if (token.length > 256 || !token.startsWith('v1.')) return false;
    try {
      return Number(this.#sealer.open(token, contextOf(subject))) > this.#clock.now();
    } catch {
      return false;
    }
  }
}

function contextOf(subject: XsrfSubject): string {
  return 'session' in subject
    ? `xsrf:session:${subject.session.idHash}`
    : `xsrf:anonymous:${subject.client.address}:${subject.client.userAgent}`;
}
