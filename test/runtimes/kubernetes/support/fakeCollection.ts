import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ApiAccess } from '../../../../src/kubernetes/apiAccess.ts';

/** An object of the collection. */
export interface FakeObject {
  metadata: { name: string; resourceVersion: string };
  value: number;
}

interface Change {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  object: FakeObject;
  version: number;
}

interface Watch {
  response: ServerResponse;
  /** What it was sent last. */
  version: number;
  hushed: boolean;
}

/** A collection of an API server with list, pages, watch, bookmarks and history, and every fault that real ones have shown. */
export class FakeCollection {
  readonly #server: Server;
  readonly #objects = new Map<string, FakeObject>();
  readonly #watches = new Set<Watch>();
  #history: Change[] = [];
  #version = 100;
  #failures: { status: number; retryAfter?: number }[] = [];
  #resets = 0;
  lists = 0;
  watches = 0;

  private constructor() {
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  static async start(): Promise<FakeCollection> {
    const fake = new FakeCollection();
    await new Promise<void>((resolve) => fake.#server.listen(0, '127.0.0.1', resolve));
    return fake;
  }

  get access(): ApiAccess {
    const { port } = this.#server.address() as AddressInfo;
    return {
      server: `http://127.0.0.1:${port}`,
      source: 'test',
      namespace: 'test',
      authorization: async () => 'Bearer t',
    };
  }

  /** What is there, by name. */
  get state(): Record<string, number> {
    return Object.fromEntries([...this.#objects].map(([name, { value }]) => [name, value]));
  }

  set(name: string, value: number): void {
    this.#version += 1;
    const type = this.#objects.has(name) ? 'MODIFIED' : 'ADDED';
    const object = { metadata: { name, resourceVersion: String(this.#version) }, value };
    this.#objects.set(name, object);
    this.#record({ type, object, version: this.#version });
  }

  delete(name: string): void {
    const last = this.#objects.get(name);
    if (!last) return;
    this.#version += 1;
    this.#objects.delete(name);
    const object = { ...last, metadata: { name, resourceVersion: String(this.#version) } };
    this.#record({ type: 'DELETED', object, version: this.#version });
  }

  /** The next requests are refused. */
  fail(status: number, times: number, retryAfter?: number): void {
    for (let index = 0; index < times; index += 1)
      this.#failures.push({ status, ...(retryAfter !== undefined && { retryAfter }) });
  }

  /** The next requests find their connection reset. */
  reset(times: number): void {
    this.#resets += times;
  }

  /** All watches are reset, as when a load balancer restarts. */
  cut(): void {
    for (const { response } of this.#open()) response.socket?.resetAndDestroy();
  }

  /** All watches end in an orderly way. */
  end(): void {
    for (const { response } of this.#open()) response.end();
  }

  /** All watches end in the middle of a line. */
  truncate(): void {
    for (const { response } of this.#open()) {
      response.write('{"type":"MODIFIED","object":{"metadata":{"na');
      response.end();
    }
  }

  /** Present watches stay open, and hear nothing any more: not even a bookmark. */
  hush(): void {
    for (const watch of this.#watches) watch.hushed = true;
  }

  /** Present watches hear something that is no object. */
  babble(): void {
    for (const { response } of this.#open()) response.write('this is no JSON\n');
  }

  /** The history is forgotten: older versions are answered with 410. */
  compact(): void {
    this.#history = [];
  }

  /** A bookmark for every watch. */
  bookmark(): void {
    for (const watch of this.#open()) {
      if (watch.hushed) continue;
      watch.version = this.#version;
      const object = { metadata: { resourceVersion: String(this.#version) } };
      watch.response.write(`${JSON.stringify({ type: 'BOOKMARK', object })}\n`);
    }
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #open(): Watch[] {
    return [...this.#watches].filter(({ response }) => !response.writableEnded);
  }

  #record(change: Change): void {
    this.#history.push(change);
    for (const watch of this.#open()) this.#send(watch);
  }

  #send(watch: Watch): void {
    if (watch.hushed) return;
    for (const { type, object, version } of this.#history) {
      if (version <= watch.version) continue;
      watch.version = version;
      watch.response.write(`${JSON.stringify({ type, object })}\n`);
    }
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const query = new URL(request.url ?? '', 'http://x').searchParams;
    if (this.#resets > 0) {
      this.#resets -= 1;
      request.socket.resetAndDestroy();
      return;
    }
    const failure = this.#failures.shift();
    if (failure) {
      response.writeHead(failure.status, {
        ...(failure.retryAfter !== undefined && { 'retry-after': String(failure.retryAfter) }),
      });
      response.end(JSON.stringify({ kind: 'Status', code: failure.status, reason: 'Test', message: 'not now' }));
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json' });
    if (query.get('watch') === 'true') this.#watch(query, response);
    else this.#list(query, response);
  }

  #list(query: URLSearchParams, response: ServerResponse): void {
    this.lists += 1;
    const start = Number(query.get('continue') ?? 0);
    const end = start + Number(query.get('limit'));
    const all = [...this.#objects.values()];
    const more = end < all.length ? { continue: String(end) } : {};
    const metadata = { resourceVersion: String(this.#version), ...more };
    response.end(JSON.stringify({ metadata, items: all.slice(start, end) }));
  }

  #watch(query: URLSearchParams, response: ServerResponse): void {
    this.watches += 1;
    const version = Number(query.get('resourceVersion'));
    const oldest = this.#history[0]?.version ?? this.#version + 1;
    if (version < oldest - 1) {
      const object = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' };
      response.end(`${JSON.stringify({ type: 'ERROR', object })}\n`);
      return;
    }
    const watch = { response, version, hushed: false };
    this.#watches.add(watch);
    response.on('close', () => this.#watches.delete(watch));
    response.flushHeaders();
    this.#send(watch);
  }
}
