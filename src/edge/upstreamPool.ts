import type { Deadlines, Watched } from './deadlines.ts';
import type { Target } from './protocol.ts';
import { UpstreamConnection, type UpstreamLimits, type UpstreamUser } from './upstreamConnection.ts';

/** The limits of a pool. */
export interface PoolLimits extends UpstreamLimits {
  /** Idle connections kept for one target. */
  idleUpstreams: number;
  /** Milliseconds that an idle connection is kept. */
  upstreamIdleMs: number;
}

/** Counts over all pools. */
export interface UpstreamCounts {
  /** Connections to servers, idle or not. */
  upstreams: number;
}

/** The connections to one target, kept alive between requests. */
export class UpstreamPool implements Watched {
  readonly target: Target;
  readonly #limits: PoolLimits;
  readonly #deadlines: Deadlines;
  readonly #counts: UpstreamCounts;
  /** The one used last is taken first, so that those not needed grow old. */
  readonly #idle: UpstreamConnection[] = [];
  readonly #onGone: (connection: UpstreamConnection) => void;
  #closed = false;
  deadline = Infinity;

  constructor(target: Target, limits: PoolLimits, deadlines: Deadlines, counts: UpstreamCounts) {
    this.target = target;
    this.#limits = limits;
    this.#deadlines = deadlines;
    this.#counts = counts;
    this.#onGone = (connection) => {
      counts.upstreams--;
      const index = this.#idle.indexOf(connection);
      if (index !== -1) this.#idle.splice(index, 1);
    };
    deadlines.add(this);
  }

  /** An idle connection, which the server may have closed without our knowing yet; undefined when there is none. */
  take(user: UpstreamUser): UpstreamConnection | undefined {
    const connection = this.#idle.pop();
    if (connection !== undefined) connection.user = user;
    return connection;
  }

  /** A new connection; `user` is told when it is there, or that it cannot be. */
  connect(user: UpstreamUser): UpstreamConnection {
    this.#counts.upstreams++;
    return new UpstreamConnection(this.target, this.#limits, user, this.#onGone);
  }

  /** Takes a connection back that is ready for another request. */
  giveBack(connection: UpstreamConnection): void {
    connection.user = undefined;
    if (this.#closed || connection.socket.destroyed || this.#idle.length >= this.#limits.idleUpstreams) {
      connection.drop();
      return;
    }
    connection.idleSince = this.#deadlines.now;
    this.#idle.push(connection);
    if (this.deadline === Infinity) this.deadline = this.#deadlines.now + this.#limits.upstreamIdleMs;
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
}
