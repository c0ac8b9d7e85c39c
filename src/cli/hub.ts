import { openDataFolder } from '../core/dataFolder.ts';
import { operatorName, startHub } from '../hub/hub.ts';
import { runRole, type SignIn } from './childRole.ts';
import { readKeptSettings, readSettings } from './readSettings.ts';

/** The options of `atoll hub`. */
export interface HubCommandOptions {
  file: string[];
  /** What `up` read already, in place of `file`. */
  keptSettings?: string;
  data: string;
  url: string;
}

/** `atoll hub`: runs the hub until it is told to stop. */
export async function hub(options: HubCommandOptions): Promise<void> {
  await runRole('hub', async ({ log, requestStop }) => {
    const { keptSettings } = options;
    const { settings, notes } = await (keptSettings === undefined
      ? readSettings(options.file)
      : readKeptSettings(keptSettings));
    const running = await startHub({
      folder: openDataFolder(options.data),
      settings,
      url: options.url,
      log,
      shutDown: ({ workloads }) => requestStop(workloads),
    });
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
