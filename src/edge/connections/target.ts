import { connect, type OnReadOpts, Socket } from 'node:net';
import type { Route, Target } from '../protocol.ts';

const keepAliveProbeMs = 60_000;

/**
 * Opens a connection to a target. The other side's FIN is passed on as a FIN, not answered with one. Never throws: a
 * target that makes no sense (a port above 65535) fails as one that does not answer.
 */
export function connectTarget(target: Target, onread?: OnReadOpts): Socket {
  const reading = onread === undefined ? {} : { onread };
  try {
    if (target.kind === 'unix') return connect({ path: target.path, allowHalfOpen: true, ...reading });
    return connect({
      host: target.host,
      port: target.port,
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveProbeMs,
      ...reading,
    });
  } catch (error) {
    const socket = new Socket();
    process.nextTick(() => socket.destroy(error as Error));
    return socket;
  }
}

/** Whether two targets are the same address. */
export function isSameTarget(a: Target, b: Target): boolean {
  if (a.kind === 'unix') return b.kind === 'unix' && a.path === b.path;
  return b.kind === 'tcp' && a.host === b.host && a.port === b.port;
}

/** The route with the address to which it leads, for an edge that reaches the hub at `hub`. */
export function withAddress(route: Route, hub: Target): Route<Target> {
  const { target } = route;
  if (target.kind !== 'hub') return { ...route, target };
  const port = target.port ?? (hub.kind === 'tcp' ? hub.port : 0);
  return { ...route, target: hub.kind === 'tcp' ? { ...hub, port } : hub };
}
