import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';

// The server that all simulated servers are, in a process of its own. Prints its port. Answers `{}`, a MiB where the path ends
// with `/large`, and sends messages of WebSockets back.

const large = Buffer.alloc(2 ** 20, 'x');
// Connections are kept for longer than the edge keeps them.
const server = createServer({ keepAliveTimeout: 150_000 }, (request, response) =>
  response.end(request.url?.endsWith('/large') ? large : '{}'),
);
new WebSocketServer({ server }).on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
