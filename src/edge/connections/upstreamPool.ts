import type { Target } from '../protocol.ts';
import type { Deadlines, Watched } from './deadlines.ts';
import {
  UpstreamConnection,
  type UpstreamLimits,
  type UpstreamOwner,
  type UpstreamUser,
} from './upstreamConnection.ts';

/** The limits of a pool. */
export interface PoolLimits extends UpstreamLimits {
  /** Idle connections kept for one target. */
  idleUpstreams: number;
  /** Milliseconds that an idle connection is kept. */
  upstreamIdleMs: number;
  /** Connections to one target that may be on their way at a time for requests that take any. */
  upstreamDials: number;
}

/** Counts over all pools. */
export interface UpstreamCounts {
  /** Connections to servers, idle or not. */
  upstreams: number;
}

/**
 * The connections to one target, kept alive between requests. A request that finds none idle takes the first that is free, be
 * it a new one or one that is given back: so a server that is asked by a thousand at once is not opened a thousand
 * connections to, which it would have to accept one by one before it could answer on any.
 */
export class UpstreamPool implements UpstreamOwner, Watched {
  readonly target: Target;
  readonly #limits: PoolLimits;
  readonly #deadlines: Deadlines;
  readonly #counts: UpstreamCounts;
  /** The one used last is taken first, so that those not needed grow old. */
  readonly #idle: UpstreamConnection[] = [];
  /** Requests that take any connection, first come, first served. */
  readonly #waiting = new Set<UpstreamUser>();
  /** Connections on their way for them. */
  readonly #dials = new Set<UpstreamConnection>();
  #closed = false;
  deadline = Infinity;

  constructor(target: Target, limits: PoolLimits, deadlines: Deadlines, counts: UpstreamCounts) {
    this.target = target;
    this.#limits = limits;
    this.#deadlines = deadlines;
    this.#counts = counts;
    deadlines.add(this);
  }

  /** Gives `user` any connection, at once or later; or tells it that there can be none. */
  take(user: UpstreamUser): void {
    let idle = this.#idle.pop();
    // The end of one that was just closed is told only later in this turn.
    while (idle?.socket.destroyed) idle = this.#idle.pop();
    if (idle !== undefined) {
      lend(idle, user, true);
      return;
    }
    this.#waiting.add(user);
    this.#dial();
  }

  /** Forgets a user that waits. */
  leave(user: UpstreamUser): void {
    this.#waiting.delete(user);
  }

  /** A new connection for `user` alone, who is told when it is there, or that it cannot be; undefined: for those who wait. */
  connect(user: UpstreamUser | undefined): UpstreamConnection {
    this.#counts.upstreams++;
    return new UpstreamConnection(this.target, this.#limits, user, this);
  }

  /** Takes a connection back that is ready for another request. */
  giveBack(connection: UpstreamConnection): void {
    connection.user = undefined;
    if (this.#closed || connection.socket.destroyed) connection.drop();
    else this.#offer(connection, true);
  }

  onConnected(connection: UpstreamConnection): void {
    if (connection.user !== undefined) connection.user.onConnected(connection, false);
    else if (this.#dials.delete(connection)) {
      this.#offer(connection, false);
      this.#dial();
    }
  }

  onGone(connection: UpstreamConnection, error: Error | undefined): void {
    this.#counts.upstreams--;
    const index = this.#idle.indexOf(connection);
    if (index !== -1) this.#idle.splice(index, 1);
    if (!this.#dials.delete(connection)) return;
    // No other attempt would do better.
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const user of waiting) user.onUpstreamLost(error);
  }

  /** Closes those that were idle for too long. */
  onDeadline(): void {
    const oldest = this.#deadlines.now - this.#limits.upstreamIdleMs;
    for (const connection of this.#idle.filter(({ idleSince }) => idleSince <= oldest)) connection.drop();
    const next = this.#idle.find(({ idleSince }) => idleSince > oldest);
    this.deadline = next === undefined ? Infinity : next.idleSince + this.#limits.upstreamIdleMs;
  }

  /** Closes all idle connections, and those in use once they are given back. */
  close(): void {
    this.#closed = true;
    this.#deadlines.delete(this);
    for (const connection of this.#idle) connection.drop();
  }

  /** Opens connections for those who wait. */
  #dial(): void {
    while (this.#dials.size < Math.min(this.#waiting.size, this.#limits.upstreamDials))
      this.#dials.add(this.connect(undefined));
  }

  /** Gives a connection that nobody uses to who waits for longest; keeps it when nobody does. */
  #offer(connection: UpstreamConnection, reused: boolean): void {
    const [user] = this.#waiting;
    if (user !== undefined) {
      this.#waiting.delete(user);
      lend(connection, user, reused);
    } else if (this.#closed || this.#idle.length >= this.#limits.idleUpstreams) connection.drop();
    else {
      connection.idleSince = this.#deadlines.now;
      this.#idle.push(connection);
      if (this.deadline === Infinity) this.deadline = this.#deadlines.now + this.#limits.upstreamIdleMs;
    }
  }
}

function lend(connection: UpstreamConnection, user: UpstreamUser, reused: boolean): void {
  connection.user = user;
  user.onConnected(connection, reused);
}
