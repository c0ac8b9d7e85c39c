import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ControlListenerOptions, createControlListener } from '../../src/edge/control/controlListener.ts';
import { RoutePublisher } from '../../src/edge/control/routePublisher.ts';
import { createEdge, type Edge, type EdgeOptions } from '../../src/edge/edge.ts';
import type { ActivityReport, HttpRoute, Target } from '../../src/edge/protocol.ts';
import { until } from './until.ts';

const token = 'the control token of this test';

/** A server on a free port of this machine, or on a Unix socket, that can be stopped at once and started again. */
export class TestServer {
  readonly #create: () => Server | ReturnType<typeof createServer>;
  readonly #sockets = new Set<Socket>();
  #server: Server | ReturnType<typeof createServer> | undefined;
  #target: Target;
  /** Connections ever accepted. */
  accepted = 0;

  private constructor(create: () => Server | ReturnType<typeof createServer>, target: Target) {
    this.#create = create;
    this.#target = target;
  }

  /** Speaks HTTP by `node:http`. */
  static async http(
    listener: RequestListener,
    { target, ...options }: { target?: Target } & ServerOptions = {},
  ): Promise<TestServer> {
    return TestServer.#start(() => createHttpServer({ keepAliveTimeout: 60_000, ...options }, listener), target);
  }

  /** Hands over bare connections. */
  static async raw(
    onConnection: (socket: Socket, index: number) => void,
    { target, allowHalfOpen = false }: { target?: Target; allowHalfOpen?: boolean } = {},
  ): Promise<TestServer> {
    let index = 0;
    return TestServer.#start(
      () =>
        createServer({ allowHalfOpen }, (socket) => {
          socket.on('error', () => {});
          onConnection(socket, index++);
        }),
      target,
    );
  }

  static async #start(
    create: () => Server | ReturnType<typeof createServer>,
    target: Target = { kind: 'tcp', host: '127.0.0.1', port: 0 },
  ): Promise<TestServer> {
    const server = new TestServer(create, target);
    await server.start();
    return server;
  }

  get target(): Target {
    return this.#target;
  }

  /** Connections open now. */
  get open(): number {
    return this.#sockets.size;
  }

  /** Begins to listen, on the same address as before. */
  async start(): Promise<void> {
    const server = this.#create();
    server.on('connection', (socket: Socket) => {
      this.accepted++;
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    const target = this.#target;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      if (target.kind === 'unix') server.listen(target.path, resolve);
      else server.listen(target.port, target.host, resolve);
    });
    const address = server.address();
    if (target.kind === 'tcp' && typeof address === 'object' && address !== null)
      this.#target = { ...target, port: address.port };
    this.#server = server;
  }

  /** Stops as a killed process does: the listener and all connections are gone at once. */
  async kill(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of this.#sockets) {
      if (this.#target.kind === 'tcp') socket.resetAndDestroy();
      else socket.destroy();
    }
    await closed;
  }
}

/** What a test's edge is started with. */
export interface EdgeWorldOptions {
  /** The hub's public listener. Default: answers `hub` to everything. */
  hub?: RequestListener;
  limits?: EdgeOptions['limits'];
  trustedProxies?: string[];
  tls?: EdgeOptions['tls'];
  answerGrant?: ControlListenerOptions['answerGrant'];
  /** Does not wait until the hub is there, and does not start it. */
  withoutHub?: boolean;
}

/** An edge on a free port with a hub that only consists of its two listeners. */
export interface EdgeWorld {
  edge: Edge;
  port: number;
  publisher: RoutePublisher;
  /** The hub's public listener. */
  hub: TestServer;
  /** The hub's control listener. */
  control: TestServer;
  /** All reports of activity. */
  reports: ActivityReport[];
  /** What the edge wrote into its log. */
  log: { level: string; fields: Record<string, unknown>; message: string }[];
  /** Publishes an HTTP route and waits until the edge has it. */
  route(route: Partial<HttpRoute> & Pick<HttpRoute, 'prefix' | 'target'>): Promise<HttpRoute>;
  /** Waits until everything published so far has reached the edge. */
  settled(): Promise<void>;
  end(): Promise<void>;
}

/** Starts one. */
export async function startEdgeWorld(options: EdgeWorldOptions = {}): Promise<EdgeWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'atoll-edge-'));
  const publisher = new RoutePublisher();
  const reports: ActivityReport[] = [];
  const log: EdgeWorld['log'] = [];
  const hubListener: RequestListener = options.hub ?? ((_, response) => response.end('hub'));
  const listener = createControlListener({
    publisher,
    token,
    onActivity: (report) => void reports.push(report),
    answerGrant: options.answerGrant ?? (() => Promise.reject(new Error('no grant is expected'))),
    onError: (error) => log.push({ level: 'error', fields: { error }, message: 'control listener' }),
  });
  const hub = await TestServer.http(hubListener, { target: { kind: 'unix', path: join(folder, 'hub.sock') } });
  const control = await TestServer.http(listener, { target: { kind: 'unix', path: join(folder, 'control.sock') } });
  if (options.withoutHub) {
    await hub.kill();
    await control.kill();
  }
  const edge = createEdge({
    host: '127.0.0.1',
    port: 0,
    hub: hub.target,
    control: control.target,
    controlToken: token,
    log: (level, fields, message) => log.push({ level, fields, message }),
    limits: { activityMs: 50, stopMs: 500, ...options.limits },
    tls: options.tls,
    ...(options.trustedProxies && { trustedProxies: options.trustedProxies }),
  });
  const { port } = await edge.start();
  if (!options.withoutHub) await edge.ready;
  let marks = 0;

  const world: EdgeWorld = {
    edge,
    port,
    publisher,
    hub,
    control,
    reports,
    log,
    async route(route) {
      const whole: HttpRoute = { kind: 'http', id: route.prefix, stripPrefix: false, access: 'open', ...route };
      publisher.put(whole);
      await world.settled();
      return whole;
    },
    async settled() {
      // Events arrive in order: once a new route works, all earlier events have been handled.
      const prefix = `/mark-${++marks}/`;
      const mark = await TestServer.http((_, response) => response.end('mark'));
      publisher.put({ kind: 'http', id: prefix, prefix, target: mark.target, stripPrefix: false, access: 'open' });
      await until('the edge has heard of the routes', async () => {
        const text = await exchangeBytes(port, `GET ${prefix} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
        return text.endsWith('mark');
      });
      publisher.delete(prefix);
      await mark.kill();
    },
    async end() {
      await edge.stop();
      await hub.kill();
      await control.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return world;
}

/** A bare connection of a client that keeps what it receives. */
export class RawClient {
  readonly socket: Socket;
  /** Everything received, latin1. */
  received = '';
  ended = false;
  closed = false;
  error: Error | undefined;

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    this.socket.on('data', (chunk) => {
      this.received += chunk.toString('latin1');
    });
    this.socket.on('end', () => {
      this.ended = true;
    });
    this.socket.on('error', (error) => {
      this.error = error;
    });
    this.socket.on('close', () => {
      this.closed = true;
    });
  }

  send(text: string | Buffer): this {
    this.socket.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
    return this;
  }

  /** Sends the FIN, and goes on reading. */
  finish(): this {
    this.socket.end();
    return this;
  }

  /** Waits until what was received holds `text`. */
  async expects(text: string): Promise<string> {
    await until(`${JSON.stringify(text)} in what was received`, () => this.received.includes(text));
    return this.received;
  }

  /** Waits until the edge has closed its side, and returns everything received. */
  async untilEnd(): Promise<string> {
    if (!this.ended && !this.closed)
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error('waited 30 s in vain: the edge closes')), 30_000);
        this.socket.once('end', resolve).once('close', resolve);
        this.socket.once('close', () => clearTimeout(timer));
      });
    this.socket.destroy();
    return this.received;
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** Sends bytes on a connection of their own and returns everything that comes back until the edge closes it. */
export async function exchangeBytes(port: number, bytes: string | Buffer): Promise<string> {
  return new RawClient(port).send(bytes).untilEnd();
}
