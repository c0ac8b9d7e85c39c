import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../test/support/freePort.ts';
import { pythonVenv } from '../../test/support/pythonVenv.ts';
import { until } from '../../test/support/until.ts';

const version = '2026.3.0';

/** The environment of its server (`pythonVenv`). */
export const serverVenv = `dask-gateway-server-${version}`;
export const serverPackages = [`dask-gateway-server==${version}`, 'sqlalchemy', 'cryptography'];

/** dask-gateway's own server with its own proxy, from PyPI; clusters run in the same Python environment as Atoll's. */
export class DaskGatewayPeer {
  readonly address: string;
  readonly #folder: string;
  readonly #process: ChildProcess;

  private constructor(address: string, folder: string, process: ChildProcess) {
    this.address = address;
    this.#folder = folder;
    this.#process = process;
  }

  /**
   * Starts one and waits until it answers.
   * @param environment the Python environment of schedulers and workers.
   */
  static async start(environment: string): Promise<DaskGatewayPeer> {
    const server = await pythonVenv(serverVenv, join(environment, 'bin/python'), serverPackages);
    const folder = mkdtempSync(join(tmpdir(), 'atoll-bench-dask-gateway-'));
    const [port, apiPort] = await Promise.all([freePort(), freePort()]);
    const config = join(folder, 'dask_gateway_config.py');
    const dask = join(environment, 'bin/dask');
    writeFileSync(
      config,
      `
c.DaskGateway.backend_class = 'dask_gateway_server.backends.local.UnsafeLocalBackend'
c.DaskGateway.address = '127.0.0.1:${apiPort}'
c.Proxy.address = '127.0.0.1:${port}'
c.ClusterConfig.scheduler_cmd = ['${dask}', 'scheduler']
c.ClusterConfig.worker_cmd = ['${dask}', 'worker']
`,
    );
    const child = spawn(join(server, 'bin/dask-gateway-server'), ['-f', config], {
      cwd: folder,
      stdio: 'ignore',
      env: { ...process.env, PATH: `${environment}/bin:${process.env.PATH}`, HOME: folder },
    });
    const peer = new DaskGatewayPeer(`http://127.0.0.1:${port}`, folder, child);
    await until('an answer of dask-gateway', async () => {
      if (child.exitCode !== null) throw new Error('dask-gateway-server ended');
      return (await fetch(`${peer.address}/api/health`)).ok;
    });
    return peer;
  }

  /** Ends server, proxy and clusters. */
  async end(): Promise<void> {
    const ended = new Promise((done) => this.#process.once('exit', done));
    this.#process.kill('SIGTERM');
    await ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
