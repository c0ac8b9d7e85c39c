import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { ApiAccess } from '../../../src/kubernetes/apiAccess.ts';

/** A way to the API server on which connections break when the test wants them to. */
export class CuttingProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #access: ApiAccess;
  #port = 0;
  /** How many times connections were cut. */
  cuts = 0;

  private constructor(access: ApiAccess) {
    this.#access = access;
    const { hostname, port } = new URL(access.server);
    this.#server = createServer((client) => {
      const upstream = connect(Number(port), hostname);
      for (const socket of [client, upstream]) {
        this.#sockets.add(socket);
        socket.on('close', () => this.#sockets.delete(socket));
        socket.on('error', () => undefined);
      }
      client.pipe(upstream).pipe(client);
      client.on('close', () => upstream.destroy());
      upstream.on('close', () => client.destroy());
    });
  }

  static async start(access: ApiAccess): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(access);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    const address = proxy.#server.address();
    if (typeof address === 'object' && address !== null) proxy.#port = address.port;
    return proxy;
  }

  /** The access by way of this proxy. The server's certificate names another address. */
  get access(): ApiAccess {
    return { ...this.#access, server: `https://127.0.0.1:${this.#port}`, skipTlsVerification: true };
  }

  /** Resets every connection that is open. One that is not open yet cannot be cut. */
  cut(): void {
    if (this.#sockets.size > 0) this.cuts += 1;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Cuts again and again, until that has happened so many times or `signal` aborts. */
  async cutTimes(times: number, pauseMs: number, signal?: AbortSignal): Promise<void> {
    while (this.cuts < times) {
      await wait(pauseMs);
      if (signal?.aborted) return;
      this.cut();
    }
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
