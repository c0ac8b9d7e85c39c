import type { Socket } from 'node:net';
import { connectTarget } from '../connections/target.ts';
import type { Target } from '../protocol.ts';

/** A request that cannot go on without the hub. */
export interface GateWaiter {
  /** The hub takes connections again. */
  onHubBack(): void;
  /** It did not come back in time. */
  onHubAway(): void;
}

/** How many requests wait, and for how long. */
export interface GateLimits {
  /** Milliseconds that a request is held. */
  holdMs: number;
  /** Requests held at most. */
  heldRequests: number;
  /** Bytes of held requests at most. */
  heldBytes: number;
}

const probeEveryMs = 60;

/** Holds requests meant for the hub while it is away, and tries every 60 ms whether it is back, once for all of them. */
export class HubGate {
  readonly #hub: Target;
  readonly #limits: GateLimits;
  readonly #waiting = new Map<GateWaiter, { until: number; bytes: number }>();
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #probe: Socket | undefined;

  constructor(hub: Target, limits: GateLimits) {
    this.#hub = hub;
    this.#limits = limits;
  }

  /** Number of requests held. */
  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Holds a request, until `until` (milliseconds of `performance.now()`). Returns false, and does not hold it, when too
   * much is held already.
   */
  wait(waiter: GateWaiter, until: number, bytes: number): boolean {
    if (this.#waiting.size >= this.#limits.heldRequests || this.#bytes + bytes > this.#limits.heldBytes) return false;
    this.#waiting.set(waiter, { until, bytes });
    this.#bytes += bytes;
    this.#timer ??= setInterval(() => this.#tick(), probeEveryMs);
    return true;
  }

  /** The moment until which a request that begins to wait now is held. */
  holdUntil(): number {
    return performance.now() + this.#limits.holdMs;
  }

  /** Forgets a request, whose client is gone. */
  leave(waiter: GateWaiter): void {
    const entry = this.#waiting.get(waiter);
    if (entry === undefined) return;
    this.#waiting.delete(waiter);
    this.#bytes -= entry.bytes;
    if (this.#waiting.size === 0) this.#rest();
  }

  /** Lets all go on: the hub is there. */
  release(): void {
    // A copy, because some may have to wait again.
    const waiters = [...this.#waiting.keys()];
    for (const waiter of waiters) {
      this.leave(waiter);
      waiter.onHubBack();
    }
  }

  /** Lets all know that the hub will not come back: the edge itself ends. */
  close(): void {
    for (const waiter of this.#waiting.keys()) {
      this.leave(waiter);
      waiter.onHubAway();
    }
  }

  #tick(): void {
    const now = performance.now();
    for (const [waiter, { until }] of this.#waiting) {
      if (until > now) continue;
      this.leave(waiter);
      waiter.onHubAway();
    }
    if (this.#waiting.size > 0 && this.#probe === undefined) this.#tryHub();
  }

  #tryHub(): void {
    const probe = connectTarget(this.#hub);
    this.#probe = probe;
    probe.on('connect', () => {
      probe.destroy();
      this.release();
    });
    probe.on('error', () => {});
    probe.on('close', () => {
      if (this.#probe === probe) this.#probe = undefined;
    });
  }

  #rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#probe?.destroy();
    this.#probe = undefined;
  }
}
