import { chmod, mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AtollError } from '../../core/errors.ts';
import { type Account, findAccount, ownAccount, readAccount } from './accounts.ts';
import { folderNameOf } from './homes.ts';

/** As whom and where a user's workloads run. */
export interface Placement {
  /** Whose name, shell and ids the workload gets. */
  account: Account;
  /** The account to change to; undefined when the hub's own user stays. */
  changeTo: Account | undefined;
  home: string;
}

/** Whether users are kept apart by the operating system, and the sentence for the start-up message. */
export interface Isolation {
  kind: 'users' | 'none';
  sentence: string;
}

const runsAsRoot = (): boolean => process.getuid?.() === 0;

/**
 * Decides as whom an owner's workloads run: with a hub that runs as root and an account of that name, as this account in
 * its own home; otherwise as the hub's own user in a folder of the owner's own.
 * @param homes the folder of those folders
 * @throws AtollError ATOLL_OWNER_NAME, ATOLL_SYSTEM_ACCOUNT, ATOLL_HOME_MISSING
 */
export async function placementOf(owner: string, homes: string): Promise<Placement> {
  const home = join(homes, folderNameOf(owner));
  const own = ownAccount();
  const account = runsAsRoot() ? await accountOf(owner, own) : undefined;
  if (!account) return { account: own, changeTo: undefined, home };
  const isFolder = await stat(account.home).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder)
    throw new AtollError('ATOLL_HOME_MISSING', `The account ${owner} has no home folder on this machine.`, {
      evidence: `${account.home} does not exist.`,
    });
  return { account, changeTo: account.uid === own.uid ? undefined : account, home: account.home };
}

/**
 * The placement as one account of this machine, which the operator has named: any account will do, also one of the system.
 * @throws AtollError ATOLL_ACCOUNT_MISSING when there is none of that name, or when this program may not become it
 */
export async function placementAs(name: string): Promise<Placement> {
  const own = ownAccount();
  if (name === own.name) return { account: own, changeTo: undefined, home: own.home };
  const account = await readAccount(name);
  if (!account || !runsAsRoot())
    throw new AtollError('ATOLL_ACCOUNT_MISSING', `Nothing can run as the account ${name}.`, {
      evidence: account ? `Atoll runs as ${own.name}, not as root.` : 'This machine has no account of that name.',
    });
  return { account, changeTo: account, home: account.home };
}

async function accountOf(owner: string, own: Account): Promise<Account | undefined> {
  return owner === own.name ? own : findAccount(owner);
}

/** Makes the owner's folder when it is one of ours; an account's own home is left alone. */
export async function ensureHome(placement: Placement, homes: string): Promise<void> {
  if (dirname(placement.home) !== homes) return;
  await mkdir(placement.home, { recursive: true, mode: 0o700 });
  await chmod(placement.home, 0o700);
}

/** What the person who starts the hub should know about who can reach whose work. */
export function describeIsolation(): Isolation {
  if (runsAsRoot())
    return {
      kind: 'users',
      sentence:
        'A user who has an account on this machine runs as that account; there is no isolation between the others: they all run as root.',
    };
  return {
    kind: 'none',
    sentence: `No isolation between users: all of them run as ${ownAccount().name} on this machine.`,
  };
}
