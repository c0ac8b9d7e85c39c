import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { freePort } from '../../test/support/freePort.ts';
import { until } from '../../test/support/until.ts';

/** JupyterHub with its own proxy, set up the plain way, from the same Python environment. */
export class JupyterHubPeer {
  readonly url: string;
  readonly token = 'bench-token-of-the-peer-0123456789';
  readonly #folder: string;
  readonly #process: ChildProcess;
  /** Seconds from the start of the program to the first answer of its API through the proxy. */
  startSeconds = 0;

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
   * @param settings more lines of its configuration
   */
  static async start(environment: string, settings = ''): Promise<JupyterHubPeer> {
    const folder = mkdtempSync(join(tmpdir(), 'atoll-bench-jupyterhub-'));
    const [port, apiPort, hubPort] = await Promise.all([freePort(), freePort(), freePort()]);
    const config = join(folder, 'jupyterhub_config.py');
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
c.JupyterHub.db_url = 'sqlite:///${folder}/jupyterhub.sqlite'
c.JupyterHub.cookie_secret_file = '${folder}/cookie_secret'
c.JupyterHub.services = [{'name': 'bench', 'api_token': 'bench-token-of-the-peer-0123456789', 'admin': True}]
${settings}
`,
    );
    const startedAt = performance.now();
    const child = spawn(join(environment, 'bin/python'), ['-m', 'jupyterhub', '-f', config], {
      cwd: folder,
      stdio: 'ignore',
      env: { ...process.env, PATH: `${environment}/bin:${process.env.PATH}`, HOME: folder },
    });
    const peer = new JupyterHubPeer(`http://127.0.0.1:${port}`, folder, child);
    await until('an answer of JupyterHub', async () => {
      if (child.exitCode !== null) throw new Error('JupyterHub ended');
      return (await fetch(`${peer.url}/hub/api/`)).ok;
    });
    peer.startSeconds = (performance.now() - startedAt) / 1000;
    return peer;
  }

  /** Ends hub, proxy and servers. */
  async end(): Promise<void> {
    const ended = new Promise((done) => this.#process.once('exit', done));
    this.#process.kill('SIGTERM');
    await ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
