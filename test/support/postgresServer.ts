import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { freePort } from './freePort.ts';
import { until } from './until.ts';

const versions = '/usr/lib/postgresql';
const programs = existsSync(versions)
  ? readdirSync(versions)
      .map((version) => join(versions, version, 'bin'))
      .find((folder) => existsSync(join(folder, 'initdb')))
  : undefined;

/** Why nothing can be tested beside PostgreSQL here, or undefined when it can. */
export const noPostgresReason = programs === undefined ? `there is no initdb below ${versions}` : undefined;

/** A real PostgreSQL, of Debian's package, with its data in a folder of its own. */
export class PostgresServer {
  readonly password = randomBytes(8).toString('hex');
  readonly port: number;
  readonly host: string;
  readonly #folder: string;
  #process: ChildProcess | undefined;

  private constructor(host: string, port: number) {
    this.host = host;
    this.port = port;
    this.#folder = mkdtempSync(join(tmpdir(), 'atoll-postgres-'));
  }

  /** @param host the address that it listens on; anybody who reaches it needs the password. */
  static async start(host = '127.0.0.1'): Promise<PostgresServer> {
    const server = new PostgresServer(host, await freePort());
    server.#makeData();
    await server.run();
    return server;
  }

  /** Makes an empty database that belongs to a user of its own; returns its URL, without the password (which is the server's). */
  async makeDatabase(): Promise<string> {
    const name = `t${randomBytes(5).toString('hex')}`;
    await this.asAdministrator(`create user ${name} password '${this.password}'`);
    await this.asAdministrator(`create database ${name} owner ${name} encoding 'UTF8'`);
    return `postgresql://${name}@${this.host}:${this.port}/${name}`;
  }

  /** Runs a statement as the administrator of the server. */
  async asAdministrator(sql: string): Promise<void> {
    const { host, port, password } = this;
    const client = new Client({ host, port, password, user: 'postgres', database: 'postgres' });
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  }

  /** Starts it, again after {@link stop}. */
  async run(): Promise<void> {
    // Nothing has to outlive the machine.
    const listen = ['-h', this.host, '-p', String(this.port), '-k', this.#folder, '-F'];
    this.#process = spawn(join(programs ?? '', 'postgres'), ['-D', this.#data, ...listen], {
      stdio: 'ignore',
      ...account(),
    });
    await until('PostgreSQL answers', () =>
      this.asAdministrator('select 1').then(
        () => true,
        () => false,
      ),
    );
  }

  /** Ends it, and every connection. */
  async stop(): Promise<void> {
    const running = this.#process;
    if (running?.exitCode !== null) return;
    const ended = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGINT');
    await ended;
  }

  async close(): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #data(): string {
    return join(this.#folder, 'data');
  }

  #makeData(): void {
    const { uid, gid } = account();
    if (uid !== undefined && gid !== undefined) chownSync(this.#folder, uid, gid);
    const passwordFile = join(this.#folder, 'password');
    writeFileSync(passwordFile, this.password);
    const options = ['--auth=scram-sha-256', '--username=postgres', `--pwfile=${passwordFile}`, '--no-sync'];
    // The language of the machine must not matter.
    const args = ['-D', this.#data, '--encoding=UTF8', '--locale=C.UTF-8', ...options];
    execFileSync(join(programs ?? '', 'initdb'), args, { stdio: 'ignore', ...account() });
    writeFileSync(join(this.#data, 'pg_hba.conf'), 'local all all scram-sha-256\nhost all all all scram-sha-256\n');
  }
}

/** PostgreSQL does not run as root: then as the user of Debian's package. */
function account(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (what: string): number => Number(execFileSync('id', [what, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}
