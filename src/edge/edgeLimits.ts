import type { PoolLimits } from './connections/upstreamPool.ts';
import type { GrantLimits } from './control/grants.ts';
import type { GateLimits } from './control/hubGate.ts';

/** All limits of an edge: sizes in bytes, times in milliseconds. */
export interface EdgeLimits extends PoolLimits, GateLimits, GrantLimits {
  /** From the first byte of a request's head to its last. */
  headMs: number;
  /** An idle connection of a client. Above 75 s: clients such as aiohttp use idle connections again without asking. */
  keepAliveMs: number;
  /** Without progress of a request's body, or of a response that the client does not read. */
  stallMs: number;
  /** A client that has sent its FIN may be gone; after so long without a byte from the server it is taken for gone. */
  halfCloseMs: number;
  /** After an error, the client may finish sending what nobody reads, so that the answer is not lost to a reset. */
  lingerMs: number;
  /** Bytes of further requests that are read before the current one is answered. */
  pipelinedBytes: number;
  /** From the first byte of a TLS connection to the end of its ClientHello. */
  helloMs: number;
  /** A ClientHello waits for its route. */
  sniHoldMs: number;
  /** ClientHellos waiting at most. */
  heldTls: number;
  /** Between two reports of activity. */
  activityMs: number;
  /** When the edge ends, requests under way may take so long. */
  stopMs: number;
}

/** The limits unless told otherwise. */
export const defaultLimits: EdgeLimits = {
  headBytes: 64 * 1024,
  headMs: 30_000,
  keepAliveMs: 120_000,
  stallMs: 300_000,
  halfCloseMs: 1000,
  lingerMs: 2000,
  pipelinedBytes: 64 * 1024,
  connectMs: 10_000,
  idleUpstreams: 128,
  upstreamIdleMs: 30_000,
  upstreamDials: 16,
  holdMs: 10_000,
  heldRequests: 512,
  heldBytes: 16 * 1024 * 1024,
  grants: 10_000,
  staleGrantMs: 5 * 60_000,
  helloMs: 5000,
  sniHoldMs: 5000,
  heldTls: 512,
  activityMs: 5000,
  stopMs: 3000,
};
