import { closeSync, existsSync, openSync } from 'node:fs';
import { createServer, isIP } from 'node:net';
import { BridgeHolder } from '../bridge/bridgeHolder.ts';
import { findInterpreter } from '../bridge/checkPython.ts';
import type { Settings } from '../config/settings.ts';
import { type DataFolder, openDataFolder } from '../core/dataFolder.ts';
import { AtollError } from '../core/errors.ts';
import { isFirstStart, takeBackFirstStart } from '../core/firstStart.ts';
import { ensureEnvironment } from '../environment/ensureEnvironment.ts';
import { silentLogger } from '../observability/logger.ts';
import { printReadyReport } from './roles/childRole.ts';
import { keepEdgeCertificate, publicUrl } from './roles/edgeCertificate.ts';
import { edgeUrl } from './roles/edgeUrl.ts';
import { holdLock } from './roles/holdLock.ts';
import { portError } from './roles/portError.ts';
import { RefusedError, Supervisor } from './roles/supervisor.ts';
import { keepSettings, type ReadSettings, readKeptSettings, readSettings } from './settings/readSettings.ts';
import { SettingsReloader } from './settings/settingsReloader.ts';

/** The options of `atoll up`. */
export interface UpOptions {
  file: string[];
  data: string;
  host: string;
  port: number;
  stopWorkloads: boolean;
}

/**
 * `atoll up`: checks what can be checked at once, sets the Python environment up, then runs hub and edge until a signal
 * or an administrator (`POST /hub/api/shutdown`) ends them. A first start that is refused leaves nothing half-made.
 */
export async function up(options: UpOptions): Promise<void> {
  const read = await readSettings(options.file);
  // What Python in them sets is known once there is an environment to run it in.
  if (!read.hasPython) checkHost(options.host, read.settings);
  const folder = openDataFolder(options.data);
  await holdLock(folder.upLock, folder.root);
  const isFirst = isFirstStart(folder);
  try {
    await run(options, read, folder);
  } catch (error) {
    if (isFirst) takeBackFirstStart(folder);
    if (!(error instanceof RefusedError)) throw error;
    console.error(`atoll: ${error.message}`);
    process.exit(1);
  }
}

async function run(options: UpOptions, read: ReadSettings, folder: DataFolder): Promise<void> {
  const { host, port } = options;
  await checkPort(host, port);
  const stopped = stopSignal();
  if (read.settings.runtime.kind === 'process') await setUpEnvironment(folder, stopped.signal);

  const url = edgeUrl(host, port);
  // Before anything is started that would have to be ended when this fails.
  const keptSettings = keepSettings(read, folder);
  const tls = keepEdgeCertificate(read.settings, folder);
  if (read.hasPython && !isLoopback(host)) checkHost(host, await settingsWithPython(keptSettings, folder));
  let { stopWorkloads } = options;
  const supervisor = new Supervisor(({ workloads }) => {
    stopWorkloads ||= workloads;
    stopped.stop();
  });
  const reloader = new SettingsReloader({
    paths: options.file,
    data: folder.root,
    inputs: read.inputs,
    referredFiles: read.referredFiles,
    tellHub: (command) => {
      if (command.type === 'settings') keepEdgeCertificate(command.settings, folder);
      return supervisor.ask('hub', command);
    },
    keep: (inputs) => keepSettings({ inputs }, folder),
    restartHub: async () => {
      await supervisor.restart('hub');
      return true;
    },
    objection: ({ settings }) => objectionTo(host, settings),
    print: (text) => console.log(text),
  });
  const hadTerminal = hasTerminal();
  // A terminal that is closed sends the same signal.
  process.on('SIGHUP', () => (hadTerminal && !hasTerminal() ? stopped.stop() : void reloader.reload()));
  const edge = supervisor.start({
    name: 'edge',
    nodeOptions: [],
    arguments: ['edge', '--data', folder.root, '--host', host, '--port', String(port), ...tls],
  });
  const hub = supervisor.start({
    name: 'hub',
    // It collects its garbage once, when it has started. With a nursery of 1 MiB a page of users costs a third more than with
    // 8; with V8's own bound the hub holds 100 MB more after a busy minute, for nothing.
    nodeOptions: ['--expose-gc', '--max-semi-space-size=8'],
    arguments: ['hub', '--data', folder.root, '--url', url, '--kept-settings', keptSettings],
  });
  try {
    const ready = await Promise.race([Promise.all([hub, edge]), stopped.promise]);
    if (ready !== undefined) {
      console.log(`Ready: ${publicUrl(url, read.settings)}${read.settings.addresses.baseUrl.slice(0, -1)}`);
      const note = reloader.start();
      printReadyReport({ ...ready[0], notes: [...(ready[0].notes ?? []), ...(note === undefined ? [] : [note])] });
    }
  } catch (error) {
    reloader.close();
    await supervisor.stop({ workloads: false });
    throw error;
  }
  await stopped.promise;
  reloader.close();
  await supervisor.stop({ workloads: stopWorkloads });
  console.log(stopWorkloads ? 'Stopped, with all servers and clusters.' : 'Stopped. Servers and clusters go on.');
  process.exit(0);
}

/** Builds the Python environment in which workloads of this machine run. */
async function setUpEnvironment(folder: DataFolder, signal: AbortSignal): Promise<void> {
  // A build would put another environment in the place of the newer version's.
  if (existsSync(folder.database) && (await findInterpreter(folder.environments)) === undefined)
    await refuseNewerData(folder.database);
  await ensureEnvironment({ stateDirectory: folder.environments, onProgress: printProgress, signal }).catch(
    (error: unknown) => {
      if (!signal.aborted) throw error;
      console.error('Set-up was interrupted. Run the command again, and it goes on.');
      process.exit(1);
    },
  );
}

/** @throws AtollError `ATOLL_DATA_NEWER`; whatever else is wrong with the database, the hub will tell. */
async function refuseNewerData(database: string): Promise<void> {
  const { openSqliteForReading } = await import('../store/openSqlite.ts');
  try {
    await (await openSqliteForReading(database)).destroy();
  } catch (error) {
    if (error instanceof AtollError && error.code === 'ATOLL_DATA_NEWER') throw error;
  }
}

function printProgress(line: string): void {
  console.error(line);
}

/** Whether there is a terminal that this was started in. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}

/** The first SIGTERM, SIGINT or call of `stop`, as a promise and as a signal. */
function stopSignal(): { promise: Promise<undefined>; signal: AbortSignal; stop: () => void } {
  const controller = new AbortController();
  const promise = new Promise<undefined>((done) => {
    controller.signal.addEventListener('abort', () => done(undefined), { once: true });
  });
  const stop = (): void => controller.abort();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, stop);
  return { promise, signal: controller.signal, stop };
}

/** The settings as the hub will have them: with what the Python in them sets. */
async function settingsWithPython(keptSettings: string, folder: DataFolder): Promise<Settings> {
  const python = new BridgeHolder({
    python: async () =>
      (await ensureEnvironment({ stateDirectory: folder.environments, onProgress: printProgress })).python,
    log: silentLogger(),
  });
  try {
    return (await readKeptSettings(keptSettings, python)).settings;
  } finally {
    python.close();
  }
}

/** @throws AtollError `ATOLL_HOST_NEEDS_AUTHENTICATOR` */
function checkHost(host: string, settings: Settings): void {
  const objection = objectionTo(host, settings);
  if (objection !== undefined) throw new AtollError('ATOLL_HOST_NEEDS_AUTHENTICATOR', objection);
}

/** Why these settings cannot be used at this address; undefined: they can. */
function objectionTo(host: string, { authentication }: Settings): string | undefined {
  if (isLoopback(host) || authentication.configured) return undefined;
  return `Atoll will not listen on ${host}: no authenticator is configured, so only this machine may reach it.`;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/**
 * Tells at once, before minutes of set-up, that the port cannot be had.
 * @throws AtollError `ATOLL_PORT_IN_USE`, `ATOLL_PORT_FORBIDDEN`.
 */
function checkPort(host: string, port: number): Promise<void> {
  return new Promise((done, failed) => {
    const server = createServer();
    server.once('error', (error) => failed(portError(error, host, port)));
    server.listen({ host, port }, () => server.close(() => done()));
  });
}
