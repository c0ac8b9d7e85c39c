import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, isIP } from 'node:net';
import { join, resolve } from 'node:path';
import { type DataFolder, openDataFolder } from '../core/dataFolder.ts';
import { AtollError, messageOf, systemCodeOf } from '../core/errors.ts';
import { ensureEnvironment } from '../environment/ensureEnvironment.ts';
import { readSettings } from './readSettings.ts';
import { RefusedError, Supervisor } from './supervisor.ts';
import { holdDataFolder } from './upLock.ts';

/** The options of `atoll up`. */
export interface UpOptions {
  file: string[];
  data: string;
  host: string;
  port: number;
  stopWorkloads: boolean;
}

const program = resolve(import.meta.dirname, '../main.ts');

/**
 * `atoll up`: checks what can be checked at once, sets the Python environment up, then runs hub and edge until a signal
 * ends them.
 */
export async function up(options: UpOptions): Promise<void> {
  const folder = openDataFolder(options.data);
  const files = keepStandardInput(options.file, folder);
  const { settings } = await readSettings(files);
  if (!isLoopback(options.host) && !settings.authentication.configured)
    throw new AtollError(
      'ATOLL_HOST_NEEDS_AUTHENTICATOR',
      `Atoll will not listen on ${options.host}: no authenticator is configured, so only this machine may reach it.`,
    );
  await holdDataFolder(folder.lockSocket, folder.root);
  await checkPort(options.host, options.port);
  await ensureEnvironment({
    stateDirectory: folder.environments,
    onProgress: (line) => console.error(line),
  });

  const stopped = stopSignal();
  const supervisor = new Supervisor(program);
  const url = `http://${isLoopback(options.host) ? urlHost(options.host) : '127.0.0.1'}:${options.port}`;
  const fileArguments = files.flatMap((file) => ['-f', file]);
  const edge = supervisor.start({
    name: 'edge',
    arguments: ['edge', '--data', folder.root, '--host', options.host, '--port', String(options.port)],
  });
  const hub = supervisor.start({
    name: 'hub',
    arguments: ['hub', '--data', folder.root, '--url', url, ...fileArguments],
  });
  try {
    const first = await Promise.race([Promise.all([hub, edge]), stopped]);
    if (first !== undefined) {
      const [{ signIn, notes }] = first;
      for (const note of notes ?? []) console.log(note);
      console.log(`Ready: ${url}`);
      if (signIn) console.log(`${signIn.sentence} ${signIn.url}`);
    }
  } catch (error) {
    await supervisor.stop(false);
    if (!(error instanceof RefusedError)) throw error;
    console.error(`atoll: ${error.message}`);
    process.exit(1);
  }
  await stopped;
  await supervisor.stop(options.stopWorkloads);
  process.exit(0);
}

/** Standard input can be read once; the hub reads its settings at each start. So `-` becomes a private file of this run. */
function keepStandardInput(files: string[], folder: DataFolder): string[] {
  if (!files.includes('-')) return files.map((file) => resolve(file));
  const copy = join(folder.run, 'settings-from-standard-input.yaml');
  return files.map((file) => {
    if (file !== '-') return resolve(file);
    writeFileSync(copy, readStandardInput(), { mode: 0o600 });
    return copy;
  });
}

function readStandardInput(): Buffer {
  try {
    return readFileSync(0);
  } catch (error) {
    throw new AtollError('ATOLL_USAGE', 'The settings cannot be read from standard input.', {
      evidence: messageOf(error),
    });
  }
}

/** Resolves at the first SIGTERM or SIGINT. */
function stopSignal(): Promise<undefined> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(undefined));
  });
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

function urlHost(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}

/**
 * Tells at once, before minutes of set-up, that the port cannot be had.
 * @throws AtollError `ATOLL_PORT_IN_USE`, `ATOLL_PORT_FORBIDDEN`.
 */
function checkPort(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) => reject(portError(error, host, port)));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve()));
  });
}

/** What a failed `listen` means for a person. */
export function portError(error: Error, host: string, port: number): Error {
  const where = `${urlHost(host)}:${port}`;
  if (systemCodeOf(error) === 'EADDRINUSE')
    return new AtollError('ATOLL_PORT_IN_USE', `Port ${port} is in use.`, {
      evidence: `Something listens on ${where}.`,
    });
  return new AtollError('ATOLL_PORT_FORBIDDEN', `Atoll cannot listen on ${where}.`, {
    evidence: error.message,
    cause: error,
  });
}
