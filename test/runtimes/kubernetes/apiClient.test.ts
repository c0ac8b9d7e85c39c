import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ApiClient } from '../../../src/kubernetes/apiClient.ts';

let server: Server;
let client: ApiClient;
let connections = 0;

beforeEach(async () => {
  connections = 0;
  server = createServer((request, response) => {
    request.resume().on('end', () => response.end('{}'));
  });
  server.on('connection', () => (connections += 1));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  client = new ApiClient({
    server: `http://127.0.0.1:${port}`,
    source: 'a test',
    namespace: 'n',
    authorization: async () => undefined,
  });
});
afterEach(async () => {
  await client.close();
  server.closeAllConnections();
  server.close();
});

test.each(['GET', 'POST', 'PATCH', 'DELETE'] as const)(
  'twenty requests (%s) share a few connections: a handshake costs more than a request',
  async (method) => {
    const body = method === 'GET' ? undefined : { gracePeriodSeconds: 1 };
    for (let count = 0; count < 20; count += 1) await client.request({ method, path: '/x', body });
    expect(connections).toBeLessThan(5);
  },
);
