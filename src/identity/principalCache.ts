import type { ChangeFeed } from '../store/changeFeed.ts';
import type { Principal } from './principal.ts';

/** Tokens remembered at most; a few thousand servers and services use theirs again and again. */
const capacity = 10_000;

/** Who presents a token, and what that rests on. */
export interface TokenBearer {
  principal: Principal;
  /** The key of the token in the store. */
  tokenId: number;
  /** The key of its owner in the store. */
  userId: number;
  /** Whether a server uses it, which says nothing about the person. */
  ofServer: boolean;
  /** Milliseconds since the epoch; null: never. */
  expiresAt: number | null;
  /** What it rests on beside the token itself: `users:NAME`, `servers:USER/SERVER`. */
  restsOn: readonly string[];
}

/**
 * Remembers who presents a token, by the token's hash, until anything that the answer rests on changes: the store's change
 * feed tells. So a revoked token or a lost role counts from the moment on at which its change was acknowledged.
 */
export class PrincipalCache {
  readonly #bearers = new Map<string, TokenBearer>();
  /** Hashes of tokens by what they rest on. */
  readonly #dependants = new Map<string, Set<string>>();
  /** Counts the changes that were heard of. */
  #changes = 0;

  constructor(feed: ChangeFeed) {
    feed.follow('tokens', (id) => this.#forget(`tokens:${id}`));
    feed.follow('users', (name) => this.#forget(`users:${name}`));
    feed.follow('servers', (fullName) => this.#forget(`servers:${fullName}`));
    // These can change what anybody may do, and are rare.
    feed.follow('groups', () => this.forgetAll());
    feed.follow('shares', () => this.forgetAll());
  }

  /** The bearer of the token with this hash; looked up with `find` unless remembered. */
  async get(hash: string, find: () => Promise<TokenBearer | undefined>): Promise<TokenBearer | undefined> {
    const known = this.#bearers.get(hash);
    if (known) return known;
    const changes = this.#changes;
    const found = await find();
    // Something that changed meanwhile may not be in what was found.
    if (found && changes === this.#changes) this.#remember(hash, found);
    return found;
  }

  #remember(hash: string, bearer: TokenBearer): void {
    if (this.#bearers.size >= capacity) this.forgetAll();
    this.#bearers.set(hash, bearer);
    for (const key of keysOf(bearer)) {
      const hashes = this.#dependants.get(key) ?? new Set();
      this.#dependants.set(key, hashes.add(hash));
    }
  }

  #forget(key: string): void {
    this.#changes++;
    for (const hash of this.#dependants.get(key) ?? []) {
      const bearer = this.#bearers.get(hash);
      this.#bearers.delete(hash);
      for (const other of bearer ? keysOf(bearer) : []) {
        const hashes = this.#dependants.get(other);
        hashes?.delete(hash);
        if (hashes?.size === 0) this.#dependants.delete(other);
      }
    }
  }

  /** Forgets everything: something that all answers rest on has changed. */
  forgetAll(): void {
    this.#changes++;
    this.#bearers.clear();
    this.#dependants.clear();
  }
}

function keysOf({ principal, restsOn }: TokenBearer): string[] {
  return [`tokens:${principal.tokenId ?? ''}`, `users:${principal.name}`, ...restsOn];
}
