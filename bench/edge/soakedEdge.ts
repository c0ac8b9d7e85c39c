import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RoutePublisher } from '../../src/edge/control/routePublisher.ts';
import type { EdgeStats } from '../../src/edge/edge.ts';
import { startEdge } from './startEdge.ts';

/** The state of an edge at one moment. */
export interface SoakSample {
  /** Bytes of JavaScript objects, after a collection. */
  heap: number;
  /** Bytes of buffers and the like. */
  external: number;
  stats: EdgeStats;
}

/** Runs an edge before a server, as a child: sends its port, then a {@link SoakSample} for each message. Needs `--expose-gc`. */
export async function runSoakedEdge(serverPort: number): Promise<void> {
  const publisher = new RoutePublisher();
  const target = { kind: 'tcp', host: '127.0.0.1', port: serverPort } as const;
  publisher.put({ kind: 'http', id: 's', prefix: '/s/', target, stripPrefix: false, access: 'open' });
  const control = join(tmpdir(), `atoll-soak-${process.pid}.sock`);
  const { edge, port } = await startEdge(publisher, { port: 0, hubPort: serverPort, control });
  await edge.ready;
  process.send?.(port);
  process.on('message', () => {
    globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    const sample: SoakSample = { heap: heapUsed, external, stats: edge.stats() };
    process.send?.(sample);
  });
  process.on('disconnect', () => {
    rmSync(control);
    process.exit();
  });
}
