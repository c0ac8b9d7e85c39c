import { createServer } from 'node:http';
import { createControlListener } from '../../src/edge/control/controlListener.ts';
import type { RoutePublisher } from '../../src/edge/control/routePublisher.ts';
import { createEdge, type Edge } from '../../src/edge/edge.ts';

/** Where an edge of the bench is, and what is behind it. */
export interface EdgePlace {
  /** 0: any that is free. */
  port: number;
  /** Port of what answers in the place of a hub. */
  hubPort: number;
  /** Path of the socket at which it hears of routes. */
  control: string;
}

/** Starts an edge in this process, which follows the routes of a publisher; returns it with its port. */
export async function startEdge(
  publisher: RoutePublisher,
  { port, hubPort, control }: EdgePlace,
): Promise<{ edge: Edge; port: number }> {
  const listener = createControlListener({
    publisher,
    token: 'token',
    onActivity: () => undefined,
    answerGrant: () => Promise.reject(new Error('no grants here')),
    onError: console.error,
  });
  createServer(listener).listen(control);
  const edge = createEdge({
    host: '127.0.0.1',
    port,
    hub: { kind: 'tcp', host: '127.0.0.1', port: hubPort },
    control: { kind: 'unix', path: control },
    controlToken: 'token',
    log: (level, fields, message) => level === 'error' && console.error(message, fields),
  });
  const started = await edge.start();
  return { edge, port: started.port };
}
