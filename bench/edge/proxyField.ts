import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { concurrently } from '../../src/core/concurrently.ts';
import { freePort } from '../../test/support/freePort.ts';
import { until } from '../../test/support/until.ts';
import { withDescendants } from '../support/processTree.ts';

/** Something between the load and the servers. */
export interface ProxyPeer {
  name: string;
  port: number;
  /** The processes whose CPU time is counted. */
  pids: number[];
}

/** What is behind a proxy, and what is asked of its routes. */
export interface Behind {
  /** Port of the HTTP server. */
  server: number;
  /** Port of the WebSocket server, which may come later. */
  echo: number;
  /** How many other routes there are. */
  routes: number;
  /** How many routes come or go in each second. */
  changes: number;
}

/** The program of a role. */
export function rolePath(role: string): string {
  return join(import.meta.dirname, 'roles', `${role}.ts`);
}

/** Body of a small answer. */
const smallBody = '0123456789'.repeat(10);
const largeBytes = 1024 * 1024;
/**
 * A WebSocket takes two of nginx's, and nginx cuts connections when fewer than a sixteenth are free: with 4096 of them it reset
 * some of 2,000 WebSockets whenever it was slow to let go of those of the round before.
 */
const nginxConnections = 16_384;
/** Bytes of a body that no buffer holds. */
export const hugeBytes = 100 * 1024 * 1024;

/** The servers behind the proxies, and the proxies; all processes end with {@link end}. */
export class ProxyField {
  readonly folder = mkdtempSync(join(tmpdir(), 'atoll-bench-proxy-'));
  readonly #children: ChildProcess[] = [];
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #pinning: boolean;

  /** @param pinning runs proxies on the last processor and everything else on the first. */
  constructor(pinning: boolean) {
    this.#pinning = pinning;
  }

  /** nginx that answers /bench/small with 100 bytes, /bench/large with 1 MiB and /bench/huge with 100 MiB; returns its port. */
  async startServer(): Promise<number> {
    const port = await freePort();
    const files = join(this.folder, 'files/bench');
    mkdirSync(files, { recursive: true });
    // The workers of an nginx that root has started are somebody else.
    chmodSync(this.folder, 0o755);
    writeFileSync(join(files, 'large'), Buffer.alloc(largeBytes, 'x'));
    writeFileSync(join(files, 'huge'), Buffer.alloc(hugeBytes, 'x'));
    const sink = await this.#startSink();
    const server = `server { listen 127.0.0.1:${port};
      location /bench/small { return 200 "${smallBody}"; }
      location /bench/sink { client_max_body_size 0; proxy_request_buffering off; proxy_http_version 1.1; proxy_pass http://127.0.0.1:${sink}; }
      location / { root ${join(this.folder, 'files')}; sendfile on; } }`;
    await this.#startNginx('server', server, port, false);
    return port;
  }

  /** A program of `roles/`; returns its process id. */
  startRole(role: string, words: (string | number)[], proxy: boolean): number {
    return this.#spawn(process.execPath, [rolePath(role), ...words.map(String)], proxy);
  }

  /** Our edge. */
  async startEdge({ server, echo, routes, changes }: Behind): Promise<ProxyPeer> {
    const port = await freePort();
    const pid = this.startRole('edge', [this.folder, port, server, echo, routes, changes], true);
    await answers(port);
    return { name: 'atoll edge', port, pids: [pid] };
  }

  /** A peer, by its name. */
  startPeer(name: 'configurable-http-proxy' | 'nginx', behind: Behind): Promise<ProxyPeer> {
    return name === 'nginx' ? this.#startNginxProxy(behind) : this.#startConfigurableHttpProxy(behind);
  }

  /** configurable-http-proxy of node_modules; with its WebSocket route by its own interface. */
  async #startConfigurableHttpProxy({ server, echo, routes, changes }: Behind): Promise<ProxyPeer> {
    const [port, apiPort] = [await freePort(), await freePort()];
    const program = resolve(import.meta.dirname, '../../node_modules/.bin/configurable-http-proxy');
    const words = [
      '--ip',
      '127.0.0.1',
      '--port',
      port,
      '--api-ip',
      '127.0.0.1',
      '--api-port',
      apiPort,
      '--log-level',
      'error',
    ];
    const pid = this.#spawn(process.execPath, [program, ...words.map(String)], true, {
      CONFIGPROXY_AUTH_TOKEN: 'token',
    });
    const call = (method: string, path: string, target?: number): Promise<Response> =>
      fetch(`http://127.0.0.1:${apiPort}/api/routes/${path}`, {
        method,
        headers: { Authorization: 'token token' },
        ...(target === undefined ? {} : { body: JSON.stringify({ target: `http://127.0.0.1:${target}` }) }),
      });
    await until('configurable-http-proxy takes a route', async () => (await call('POST', 'bench', server)).ok);
    await call('POST', 'bench/ws', echo);
    const users = Array.from({ length: routes }, (_, user) => user);
    await concurrently(users, 16, async (user) => {
      await call('POST', `user/user-${user}`, 9);
    });
    if (changes > 0) this.#change(call, changes);
    await answers(port);
    return { name: 'configurable-http-proxy', port, pids: [pid] };
  }

  /** nginx with one worker. */
  async #startNginxProxy({ server, echo }: Behind): Promise<ProxyPeer> {
    const port = await freePort();
    const forwarded = `proxy_http_version 1.1; proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $http_host; proxy_set_header X-Forwarded-Port $server_port;
      client_max_body_size 0; proxy_request_buffering off;`;
    const config = `upstream server { server 127.0.0.1:${server}; keepalive 256; keepalive_requests 1000000000; }
      server { listen 127.0.0.1:${port};
        location / { proxy_pass http://server; ${forwarded} proxy_set_header Connection ""; }
        location /bench/ws { proxy_pass http://127.0.0.1:${echo}; ${forwarded}
          proxy_read_timeout 10m; proxy_set_header Connection "upgrade"; proxy_set_header Upgrade $http_upgrade; } }`;
    const pid = await this.#startNginx('proxy', config, port, true);
    return { name: 'nginx', port, pids: withDescendants(pid) };
  }

  /** Ends everything. */
  async end(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all(
      this.#children.map(async (child) => {
        if (child.exitCode !== null) return;
        const ended = new Promise((done) => child.once('exit', done));
        child.kill('SIGTERM');
        await ended;
      }),
    );
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The command that runs `program` where load or proxies belong. */
  command(program: string, words: string[], proxy: boolean): [string, string[]] {
    if (!this.#pinning) return [program, words];
    return ['taskset', ['-c', proxy ? lastProcessor() : '0', program, ...words]];
  }

  /** Adds and removes routes of configurable-http-proxy in turns. */
  #change(call: (method: string, path: string, target?: number) => Promise<Response>, changes: number): void {
    let count = 0;
    const timer = setInterval(() => {
      const path = `user/changing-${count % 100}`;
      void (count++ % 2 === 0 ? call('POST', path, 9) : call('DELETE', path)).catch(() => undefined);
    }, 1000 / changes);
    this.#timers.push(timer);
  }

  async #startSink(): Promise<number> {
    const port = await freePort();
    this.startRole('sink', [port], false);
    await until('an answer of the sink', async () => (await fetch(`http://127.0.0.1:${port}/`)).ok);
    return port;
  }

  #spawn(program: string, words: string[], proxy: boolean, environment: NodeJS.ProcessEnv = {}): number {
    const child = spawn(...this.command(program, words, proxy), {
      // configurable-http-proxy writes a line for each connection that its client ends.
      stdio: [
        'ignore',
        'ignore',
        program === process.execPath && words[0]?.includes('configurable') ? 'ignore' : 'inherit',
      ],
      env: { ...process.env, ...environment },
    });
    this.#children.push(child);
    return child.pid as number;
  }

  async #startNginx(name: string, servers: string, port: number, proxy: boolean): Promise<number> {
    const config = join(this.folder, `${name}.conf`);
    writeFileSync(
      config,
      `daemon off; worker_processes 1; worker_rlimit_nofile ${nginxConnections}; pid ${name}.pid; error_log stderr crit;
      events { worker_connections ${nginxConnections}; }
      http { access_log off; default_type text/plain; keepalive_requests 1000000000;
        client_body_temp_path ${name}-body; proxy_temp_path ${name}-proxy; fastcgi_temp_path ${name}-f; uwsgi_temp_path ${name}-u; scgi_temp_path ${name}-s;
        ${servers} }`,
    );
    const pid = this.#spawn('nginx', ['-p', this.folder, '-e', 'stderr', '-c', config], proxy);
    await answers(port);
    return pid;
  }
}

function lastProcessor(): string {
  return String(navigator.hardwareConcurrency - 1);
}

async function answers(port: number): Promise<void> {
  await until(`an answer on port ${port}`, async () => {
    const response = await fetch(`http://127.0.0.1:${port}/bench/small`, { headers: { connection: 'close' } });
    return (await response.text()) === smallBody;
  });
}
