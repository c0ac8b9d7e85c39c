import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { closeServer, listenOn } from '../../src/hub/listen.ts';
import { requestListener } from '../../src/hub/requestListener.ts';

/** The hub's side of HTTP, in front of an application that answers everything. */
let server: Awaited<ReturnType<typeof listenOn>>;
beforeEach(async () => {
  const listener = requestListener(({ method }) => new Response(null, { headers: { 'X-Answered': method } }));
  server = await listenOn({ host: '127.0.0.1', port: 0 }, listener);
});
afterEach(() => closeServer(server, 0));

function ask(method: string): Promise<{ status: number | undefined; answered: unknown; allow: string | undefined }> {
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, method, agent: false }, (response) => {
      const { statusCode: status, headers } = response.resume();
      resolve({ status, answered: headers['x-answered'], allow: headers.allow });
    })
      .once('error', reject)
      .end();
  });
}

describe('the hub takes', () => {
  test.each(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'])('%s', async (method) => {
    expect(await ask(method)).toEqual({ status: 200, answered: method, allow: undefined });
  });

  test('no TRACE, which would be an error of its own', async () => {
    const answer = { status: 405, answered: undefined, allow: 'GET, HEAD, POST, PUT, PATCH, DELETE' };
    expect(await ask('TRACE')).toEqual(answer);
  });
});
