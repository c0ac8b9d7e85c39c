import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { request } from 'node:https';
import type { ApiAccess } from '../../../src/kubernetes/apiAccess.ts';

/** A way to the API server that writes down what is asked of it, as RBAC sees it: `list pods`, `get pods/log`. */
export class RecordingProxy {
  readonly #server: Server;
  readonly #upstream: ApiAccess;
  readonly #tokenFor: (namespace: string) => Promise<string>;
  #port = 0;
  readonly asked = new Set<string>();
  /** What was answered with 403. */
  readonly refused: string[] = [];

  private constructor(upstream: ApiAccess, tokenFor: (namespace: string) => Promise<string>) {
    this.#upstream = upstream;
    this.#tokenFor = tokenFor;
    this.#server = createServer((incoming, answer) => void this.#forward(incoming, answer));
  }

  /** @param tokenFor the token with which requests about a namespace are made. */
  static async start(upstream: ApiAccess, tokenFor: (namespace: string) => Promise<string>): Promise<RecordingProxy> {
    const proxy = new RecordingProxy(upstream, tokenFor);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    const address = proxy.#server.address();
    if (typeof address === 'object' && address !== null) proxy.#port = address.port;
    return proxy;
  }

  /** The access by way of this proxy. */
  get access(): ApiAccess {
    return {
      server: `http://127.0.0.1:${this.#port}`,
      source: 'the recording proxy',
      namespace: this.#upstream.namespace,
      authorization: () => Promise.resolve(undefined),
    };
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #forward(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = incoming;
    const { namespace, right } = rightOf(method, url);
    this.asked.add(right);
    const authorization = `Bearer ${await this.#tokenFor(namespace)}`;
    const { certificateAuthority: ca, server } = this.#upstream;
    const asking = request(new URL(url, server), { method, headers: { ...headers, authorization }, ca }, (response) => {
      if (response.statusCode === 403) this.refused.push(right);
      answer.writeHead(response.statusCode ?? 502, response.headers);
      answer.flushHeaders();
      response.pipe(answer);
    });
    asking.on('error', () => answer.destroy());
    answer.on('close', () => asking.destroy());
    incoming.pipe(asking);
  }
}

/** What RBAC asks about a request: its verb and resource. */
function rightOf(method: string, url: string): { namespace: string; right: string } {
  const { pathname, searchParams } = new URL(url, 'http://api');
  const [, namespace = '', resource = '', name, subresource] =
    /^\/api\/v1\/namespaces\/([^/]+)\/([^/]+)(?:\/([^/]+)(?:\/([^/]+))?)?$/.exec(pathname) ?? [];
  const reading = name !== undefined ? 'get' : searchParams.get('watch') === 'true' ? 'watch' : 'list';
  const writing: Record<string, string> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };
  const verb = writing[method] ?? reading;
  return { namespace, right: `${verb} ${resource}${subresource === undefined ? '' : `/${subresource}`}` };
}
