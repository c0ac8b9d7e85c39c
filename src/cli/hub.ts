import { BridgeHolder } from '../bridge/bridgeHolder.ts';
import type { Settings } from '../config/settings.ts';
import { openDataFolder } from '../core/dataFolder.ts';
import { messageOf } from '../core/errors.ts';
import { ensureEnvironment } from '../environment/ensureEnvironment.ts';
import { type EdgeElsewhere, type Hub, operatorName, startHub } from '../hub/hub.ts';
import type { Logger } from '../observability/logger.ts';
import { runRole, type SignIn } from './roles/childRole.ts';
import { holdLock } from './roles/holdLock.ts';
import { parseAddress, readControlToken } from './roles/networkAddress.ts';
import { applySettings } from './settings/applySettings.ts';
import { type ReadSettings, readKeptSettings, readSettings } from './settings/readSettings.ts';
import { SettingsReloader } from './settings/settingsReloader.ts';

/** The options of `atoll hub`. */
export interface HubCommandOptions {
  file: string[];
  /** What `up` read already, in place of `file`. */
  keptSettings?: string;
  data: string;
  url: string;
  /** Where to listen for edges that do not share the data folder; all three or none. */
  listen?: string;
  control?: string;
  controlTokenFile?: string;
  /** Runs the Python in settings, and services on Kubernetes, in place of Atoll's environment, which servers elsewhere have no use for. */
  python?: string;
}

/** How long a hub whose `up` was killed may take to end; the next one waits that long for it. */
const previousHubMs = 20_000;

/** `atoll hub`: runs the hub until it is told to stop. */
export async function hub(options: HubCommandOptions): Promise<void> {
  await runRole('hub', async ({ log, shutDown }) => {
    const { keptSettings } = options;
    const folder = openDataFolder(options.data);
    await holdLock(folder.hubLock, folder.root, previousHubMs);
    const python = new BridgeHolder({
      python: async () =>
        options.python ??
        (await ensureEnvironment({ stateDirectory: folder.environments, onProgress: (line) => log.info(line) })).python,
      log,
    });
    const read = await (keptSettings === undefined
      ? readSettings(options.file, python)
      : readKeptSettings(keptSettings, python));
    const { settings, notes } = read;
    const running = await startHub({
      folder,
      settings,
      python,
      ...(options.python !== undefined && { servicePython: options.python }),
      url: options.url,
      ...edgeElsewhereOf(options),
      log,
      shutDown,
      storeLost(error) {
        log.fatal({ error: messageOf(error) }, 'the connection to the database is lost');
        process.exit(1);
      },
    });
    giveBackMemoryOfStart();
    const reloader = keptSettings === undefined ? reloadAlone(running, options, read, log) : undefined;
    return {
      report: {
        signIn: await signInOf(running, settings),
        notes: [...notes, ...running.notes, ...(await firstAccountNotes(running, settings))],
      },
      onSettings: (command) => applySettings(running, command),
      stop: (workloads) => {
        reloader?.close();
        return running.stop(workloads);
      },
    };
  });
}

/** What only the start needed is garbage now, and has made the nursery large: 9 MB for some 50 ms. */
function giveBackMemoryOfStart(): void {
  globalThis.gc?.({ type: 'major', flavor: 'last-resort' });
}

/** A hub that nobody supervises watches its settings files itself. */
function reloadAlone(
  running: Hub,
  { file, data }: HubCommandOptions,
  { inputs, referredFiles }: ReadSettings,
  log: Logger,
): SettingsReloader {
  const reloader = new SettingsReloader({
    paths: file,
    data,
    inputs,
    referredFiles,
    tellHub: (command) => applySettings(running, command),
    keep: () => undefined,
    restartHub: async (changes) => {
      running.settings.wait(changes);
      return false;
    },
    objection: () => undefined,
    print: (text) => log.info(text),
  });
  reloader.start();
  process.on('SIGHUP', () => void reloader.reload());
  return reloader;
}

function edgeElsewhereOf({ listen, control, controlTokenFile }: HubCommandOptions): { edgeElsewhere?: EdgeElsewhere } {
  if (listen === undefined || control === undefined) return {};
  const controlToken = readControlToken(controlTokenFile);
  return { edgeElsewhere: { http: parseAddress(listen), control: parseAddress(control), controlToken } };
}

async function signInOf(running: Hub, { authentication }: Settings): Promise<SignIn> {
  if (authentication.authenticator !== 'link') return { sentence: 'Sign in:', url: `${running.url}/hub/login` };
  const operator = authentication.adminUsers[0] ?? operatorName();
  return { sentence: `Sign in, once, as ${operator}:`, url: await running.makeLoginLink(operator) };
}

/**
 * Where people make their accounts themselves, somebody must be the first who may approve one: an administrator, by a link,
 * since anybody could sign up under that name.
 */
async function firstAccountNotes(running: Hub, { authentication }: Settings): Promise<string[]> {
  const { url } = running;
  const { accounts } = running.identity;
  const [admin] = authentication.adminUsers;
  if (!accounts || admin === undefined) return [];
  const approved = new Set((await accounts.list()).filter((account) => account.approved).map(({ name }) => name));
  const names = authentication.adminUsers.map((name) => running.identity.toUserName(name) ?? name);
  if (names.some((name) => approved.has(name))) return [];
  return [
    `No administrator has an account yet. This link signs in, once, as ${admin}: ${await running.makeLoginLink(admin)}`,
    `Then set a password at ${url}/hub/change-password; other people sign up at ${url}/hub/signup, and you approve them at ${url}/hub/authorize.`,
  ];
}
