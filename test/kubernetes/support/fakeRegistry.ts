import { createServer, type Server, type ServerResponse } from 'node:http';

/** A registry of images on this node that has none: what it answers depends on the image's name. */
export class FakeRegistry {
  readonly #server: Server;
  /** Such as `localhost:5000`: containerd speaks plain HTTP with registries of the node itself. */
  readonly host: string;

  readonly #slow: Set<ServerResponse>;

  private constructor(server: Server, port: number, slow: Set<ServerResponse>) {
    this.#server = server;
    this.#slow = slow;
    this.host = `localhost:${port}`;
  }

  static async start(): Promise<FakeRegistry> {
    const slow = new Set<ServerResponse>();
    const server = createServer((request, response) => {
      const [, , name] = (request.url ?? '').split('/');
      // A large image that takes its time.
      if (name === 'slow') {
        slow.add(response);
        return;
      }
      if (name === 'private') response.writeHead(401, { 'www-authenticate': 'Basic realm="test"' });
      else response.writeHead(name === undefined || name === '' ? 200 : 404, { 'content-type': 'application/json' });
      response.end('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}');
    });
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
    return new FakeRegistry(server, port, slow);
  }

  /** The large image turns out not to be there. */
  endSlowPulls(): void {
    for (const response of this.#slow) response.writeHead(404).end();
    this.#slow.clear();
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
