import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { freePort } from '../../test/support/freePort.ts';
import { until } from '../../test/support/until.ts';
import { withDescendants } from './processTree.ts';

/** How a {@link JupyterHubPeer} begins. */
export interface JupyterHubStart {
  /** More lines of its configuration. */
  settings?: string;
  /** It begins with a copy of this database; see {@link makeJupyterHubDatabase}. Default: with none. */
  database?: string;
}

/**
 * Makes a database with so many users `user-N`, once for all that begin with it; returns its file.
 * @param environment the folder of the Python environment with this JupyterHub
 * @param folder where it is made
 * @param running so many of the users have a server that runs, at this port
 */
export function makeJupyterHubDatabase(
  environment: string,
  folder: string,
  users: number,
  running = { servers: 0, port: 0 },
): string {
  const file = join(mkdtempSync(join(folder, 'jupyterhub-')), 'jupyterhub.sqlite');
  const numbers = [users, running.servers, running.port].map(String);
  const script = resolve(import.meta.dirname, 'fillJupyterHub.py');
  execFileSync(join(environment, 'bin/python'), [script, file, ...numbers], { stdio: 'pipe' });
  return file;
}

/** JupyterHub with its own proxy, set up the plain way, on SQLite. */
export class JupyterHubPeer {
  readonly url: string;
  readonly token = 'bench-token-of-the-peer-0123456789';
  readonly #folder: string;
  readonly #process: ChildProcess;
  /** Seconds from the start of the program to the first answer of its API through the proxy. */
  startSeconds = 0;
  /** As it says itself. */
  version = '';

  private constructor(url: string, folder: string, process: ChildProcess) {
    this.url = url;
    this.#folder = folder;
    this.#process = process;
  }

  get pid(): number {
    return this.#process.pid!;
  }

  /**
   * Starts one and waits until its API answers.
   * @param environment the folder of its Python environment
   */
  static async start(environment: string, options: JupyterHubStart = {}): Promise<JupyterHubPeer> {
    const { settings = '' } = options;
    const folder = mkdtempSync(join(tmpdir(), 'atoll-bench-jupyterhub-'));
    const [port, apiPort, hubPort] = await Promise.all([freePort(), freePort(), freePort()]);
    const [config, database] = [join(folder, 'jupyterhub_config.py'), join(folder, 'jupyterhub.sqlite')];
    const python = join(environment, 'bin/python');
    writeFileSync(
      config,
      `
c.JupyterHub.bind_url = 'http://127.0.0.1:${port}'
c.ConfigurableHTTPProxy.api_url = 'http://127.0.0.1:${apiPort}'
c.ConfigurableHTTPProxy.command = ['${resolve(import.meta.dirname, '../../node_modules/.bin/configurable-http-proxy')}']
c.JupyterHub.hub_port = ${hubPort}
c.JupyterHub.spawner_class = 'simple'
c.Spawner.args = ['--allow-root']
c.JupyterHub.authenticator_class = 'dummy'
c.Authenticator.allow_all = True
c.JupyterHub.db_url = 'sqlite:///${database}'
c.JupyterHub.cookie_secret_file = '${folder}/cookie_secret'
c.JupyterHub.services = [{'name': 'bench', 'api_token': 'bench-token-of-the-peer-0123456789', 'admin': True}]
${settings}
`,
    );
    if (options.database !== undefined) copyFileSync(options.database, database);
    const startedAt = performance.now();
    const child = spawn(python, ['-m', 'jupyterhub', '-f', config], {
      cwd: folder,
      stdio: 'ignore',
      env: { ...process.env, PATH: `${environment}/bin:${process.env.PATH}`, HOME: folder },
    });
    const peer = new JupyterHubPeer(`http://127.0.0.1:${port}`, folder, child);
    await until(
      'an answer of JupyterHub',
      async () => {
        if (child.exitCode !== null) throw new Error('JupyterHub ended');
        const response = await fetch(`${peer.url}/hub/api/`);
        if (response.ok) peer.version = ((await response.json()) as { version: string }).version;
        return response.ok;
      },
      180,
    );
    peer.startSeconds = (performance.now() - startedAt) / 1000;
    return peer;
  }

  /** Ends hub, proxy and servers. */
  async end(): Promise<void> {
    await this.#end(() => this.#process.kill('SIGTERM'));
  }

  /** kill -9 of hub, proxy and servers, for those that would take their time. */
  async endAtOnce(): Promise<void> {
    await this.#end(() => {
      for (const pid of withDescendants(this.pid)) process.kill(pid, 'SIGKILL');
    });
  }

  async #end(kill: () => void): Promise<void> {
    const ended = once(this.#process, 'exit');
    kill();
    await ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
