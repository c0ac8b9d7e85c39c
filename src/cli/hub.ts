import { openDataFolder } from '../core/dataFolder.ts';
import { operatorName, startHub } from '../hub/hub.ts';
import { runRole, type SignIn } from './childRole.ts';
import { holdLock } from './holdLock.ts';
import { readKeptSettings, readSettings } from './readSettings.ts';

/** The options of `atoll hub`. */
export interface HubCommandOptions {
  file: string[];
  /** What `up` read already, in place of `file`. */
  keptSettings?: string;
  data: string;
  url: string;
}

/** How long a hub whose `up` was killed may take to end; the next one waits that long for it. */
const previousHubMs = 20_000;

/** `atoll hub`: runs the hub until it is told to stop. */
export async function hub(options: HubCommandOptions): Promise<void> {
  await runRole('hub', async ({ log, shutDown }) => {
    const { keptSettings } = options;
    const { settings, notes } = await (keptSettings === undefined
      ? readSettings(options.file)
      : readKeptSettings(keptSettings));
    const folder = openDataFolder(options.data);
    await holdLock(folder.hubLock, folder.root, previousHubMs);
    const running = await startHub({ folder, settings, url: options.url, log, shutDown });
    const { authenticator, adminUsers } = settings.authentication;
    const operator = adminUsers[0] ?? operatorName();
    const signIn: SignIn =
      authenticator === 'link'
        ? { sentence: `Sign in, once, as ${operator}:`, url: await running.makeLoginLink(operator) }
        : { sentence: 'Sign in:', url: `${options.url}/hub/login` };
    return {
      report: { signIn, notes: [...notes, ...running.notes] },
      stop: (workloads) => running.stop(workloads),
    };
  });
}
