import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Pool } from 'undici';
import type { ApiAccess } from '../../../src/kubernetes/apiAccess.ts';

/** What happens to one request. `lost`: it is done, and its answer never arrives. `gone`: its history is no more (410). */
export type Fault = 'none' | 'busy' | 'error' | 'lost' | 'gone';

/** A way to the API server that answers badly when the test wants it to. It speaks plain HTTP, on this machine only. */
export class FaultyProxy {
  readonly #server: Server;
  readonly #upstream: Pool;
  readonly #access: ApiAccess;
  /** Watches that are open now and say nothing any more. */
  readonly #stalled = new WeakSet<ServerResponse>();
  readonly #watches = new Set<ServerResponse>();
  #port = 0;
  /** What happens to each request. */
  decide: (request: { method: string; path: string; isWatch: boolean }) => Fault = () => 'none';
  /** How often each fault happened. */
  readonly happened: Record<Fault, number> = { none: 0, busy: 0, error: 0, lost: 0, gone: 0 };

  private constructor(access: ApiAccess) {
    this.#access = access;
    this.#upstream = new Pool(access.server, {
      connections: null,
      bodyTimeout: 0,
      connect: { ca: access.certificateAuthority },
    });
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => request.socket.destroy());
    });
  }

  static async start(access: ApiAccess): Promise<FaultyProxy> {
    const proxy = new FaultyProxy(access);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    const address = proxy.#server.address();
    if (typeof address === 'object' && address !== null) proxy.#port = address.port;
    return proxy;
  }

  get access(): ApiAccess {
    return { ...this.#access, server: `http://127.0.0.1:${this.#port}` };
  }

  /** The watches that are open now stay so, and say nothing any more. Returns how many there are. */
  stallWatches(): number {
    for (const response of this.#watches) this.#stalled.add(response);
    return this.#watches.size;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    await this.#upstream.destroy();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url: path = '/' } = request;
    const isWatch = path.includes('watch=true');
    const fault = this.decide({ method, path, isWatch });
    this.happened[fault] += 1;
    const status = (code: number, reason: string): string =>
      JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message: reason });
    if (fault === 'busy')
      return void response.writeHead(429, { 'retry-after': '1' }).end(status(429, 'TooManyRequests'));
    if (fault === 'error') return void response.writeHead(500).end(status(500, 'InternalError'));
    if (fault === 'gone' && isWatch)
      return void response
        .writeHead(200)
        .end(`${JSON.stringify({ type: 'ERROR', object: JSON.parse(status(410, 'Expired')) })}\n`);
    const { authorization = '', accept = '', 'content-type': contentType } = request.headers;
    const answer = await this.#upstream.request({
      method,
      path,
      headers: { authorization, accept, ...(contentType !== undefined && { 'content-type': contentType }) },
      body: method === 'GET' ? null : request,
    });
    if (fault === 'lost') {
      await answer.body.dump();
      request.socket.destroy();
      return;
    }
    response.writeHead(answer.statusCode, { 'content-type': 'application/json' });
    response.flushHeaders();
    if (isWatch) this.#watches.add(response);
    response.on('close', () => {
      this.#watches.delete(response);
      answer.body.destroy();
    });
    try {
      for await (const chunk of answer.body) if (!this.#stalled.has(response)) response.write(chunk);
      response.end();
    } catch {
      response.destroy();
    }
  }
}
