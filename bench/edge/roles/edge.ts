import { join } from 'node:path';
import { RoutePublisher } from '../../../src/edge/control/routePublisher.ts';
import type { HttpRoute } from '../../../src/edge/protocol.ts';
import { startEdge } from '../startEdge.ts';

// An edge with a route to a server, one to a WebSocket server, and others; it changes some of them when told to.
//
//   node edge.ts FOLDER PORT SERVER_PORT WEBSOCKET_PORT OTHER_ROUTES CHANGES_A_SECOND

const [folder = '', ...words] = process.argv.slice(2);
const [port = 0, server = 0, webSocketServer = 0, others = 0, changes = 0] = words.map(Number);

function routeTo(id: string, targetPort: number): HttpRoute {
  const target = { kind: 'tcp', host: '127.0.0.1', port: targetPort } as const;
  return { kind: 'http', id, prefix: `/${id}/`, target, stripPrefix: false, access: 'open' };
}

const publisher = new RoutePublisher();
for (let user = 0; user < others; user++) publisher.put(routeTo(`user/user-${user}`, 9));
publisher.put(routeTo('bench', server));
publisher.put(routeTo('bench/ws', webSocketServer));
await startEdge(publisher, { port, hubPort: server, control: join(folder, `control-${process.pid}.sock`) });
if (changes > 0) {
  let count = 0;
  setInterval(() => {
    const id = `user/changing-${count % 100}`;
    if (count++ % 2 === 0) publisher.put(routeTo(id, 9));
    else publisher.delete(id);
  }, 1000 / changes);
}
// So that a profiler can write what it saw.
process.on('SIGTERM', () => process.exit());
