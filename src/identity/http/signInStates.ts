import type { Clock } from '../../core/clock.ts';
import { sha256Hex } from '../../core/ids.ts';
import type { Sealer } from '../../core/sealer.ts';
import { readCookies } from './cookies.ts';

/** How long somebody may take at a provider, in seconds. */
export const signInStateLifetimeSeconds = 1800;

/** The longest address to go on to that is remembered. */
const longestNext = 1500;

/** A sign-in that somebody has begun at a provider. */
export interface SignInState {
  /** What must come back with the browser. */
  state: string;
  /** Where to go on to. */
  next: string;
  callbackUrl: string;
  /** What the authenticator needs to check the answer. */
  remembered: Readonly<Record<string, string>>;
}

/**
 * What a browser keeps while its owner signs in at a provider: a sealed cookie for each sign-in, for the way to sign in that
 * it belongs to. An answer without it was not asked for by this browser, so nobody can be made to sign in as somebody else.
 */
export class SignInStates {
  readonly #sealer: Sealer;
  readonly #clock: Clock;

  constructor(sealer: Sealer, clock: Clock) {
    this.#sealer = sealer;
    this.#clock = clock;
  }

  /** The name and value of the cookie. Those of sign-ins that are given up are few, and expire soon. */
  issue(path: string, { next, ...rest }: SignInState): { name: string; value: string } {
    const expiresAt = this.#clock.now() + signInStateLifetimeSeconds * 1000;
    const kept = { ...rest, next: next.length > longestNext ? '/hub/' : next, expiresAt };
    return { name: cookieNameOf(rest.state), value: this.#sealer.seal(JSON.stringify(kept), contextOf(path)) };
  }

  /** The sign-in that came back with `state`; undefined when this browser has begun none, or too long ago. */
  read(path: string, cookieHeader: string, state: string): SignInState | undefined {
    if (state === '' || state.length > 512) return undefined;
    for (const value of readCookies(cookieHeader, cookieNameOf(state)).slice(0, 4)) {
      const kept = this.#open(path, value);
      if (kept && kept.state === state && kept.expiresAt > this.#clock.now()) return kept;
    }
    return undefined;
  }

  #open(path: string, value: string): (SignInState & { expiresAt: number }) | undefined {
    if (value.length > 8192 || !value.startsWith('v1.')) return undefined;
    try {
      return JSON.parse(this.#sealer.open(value, contextOf(path))) as SignInState & { expiresAt: number };
    } catch {
      return undefined;
    }
  }
}

/** The cookie of a sign-in: of 256 names, so that two sign-ins in one browser hardly ever have the same. */
export function cookieNameOf(state: string): string {
  return `atoll-sign-in-${sha256Hex(state).slice(0, 2)}`;
}

function contextOf(path: string): string {
  return `sign-in-state:${path}`;
}
