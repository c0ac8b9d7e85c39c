import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One answer: its body as JSON. */
export interface FakeAnswer {
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
}

/** A request as it came. */
export interface FakeRequest {
  method: string;
  url: URL;
  headers: IncomingMessage['headers'];
  form: URLSearchParams;
}

/** A server that answers as the API of a provider does, as far as a test says. */
export interface FakeProvider {
  url: string;
  /** Answers by path, without the query; others are 404. */
  routes: Record<string, FakeAnswer | ((request: FakeRequest) => FakeAnswer | Promise<FakeAnswer>)>;
  /** What came, in order. */
  requests: FakeRequest[];
  close(): Promise<void>;
}

/** Starts one. */
export async function startFakeProvider(): Promise<FakeProvider> {
  const fake: Pick<FakeProvider, 'routes' | 'requests'> = { routes: {}, requests: [] };
  const server = createServer((incoming, response) => {
    let text = '';
    incoming.setEncoding('utf8').on('data', (part: string) => (text += part));
    const answer = async (): Promise<void> => {
      const request: FakeRequest = {
        method: incoming.method ?? '',
        url: new URL(incoming.url ?? '/', 'http://fake'),
        headers: incoming.headers,
        form: new URLSearchParams(text),
      };
      fake.requests.push(request);
      const route = fake.routes[decodeURI(request.url.pathname)] ?? fake.routes[request.url.pathname];
      const {
        status = 200,
        headers = {},
        body,
      } = (typeof route === 'function' ? await route(request) : route) ?? { status: 404 };
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body));
    };
    incoming.on('end', () => {
      answer().catch((error: unknown) => response.writeHead(500).end(String(error)));
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return Object.assign(fake, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise<void>((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  });
}
