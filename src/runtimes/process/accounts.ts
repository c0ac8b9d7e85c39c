import { execFile } from 'node:child_process';
import { homedir, userInfo } from 'node:os';
import { promisify } from 'node:util';
import { AtollError } from '../../core/errors.ts';

/** An account of this machine's operating system. */
export interface Account {
  name: string;
  uid: number;
  gid: number;
  home: string;
  shell: string;
}

/** Ids below this belong to the system, except the superuser's (login.defs(5), UID_MIN). */
const firstPersonalUid = 1000;

/** Milliseconds for which an answer of {@link findAccount} is believed; asking starts a process. */
const memoryMs = 30_000;
const known = new Map<string, { account: Account | undefined; at: number }>();

const run = promisify(execFile);

/** The account that this program runs as; its home is where `HOME` says. */
export function ownAccount(): Account {
  const { username, uid, gid, shell } = userInfo();
  return { name: username, uid, gid, home: homedir(), shell: shell ?? '/bin/sh' };
}

/**
 * The account of that name, from wherever this machine has its accounts (files, LDAP, …), or undefined.
 * @throws AtollError ATOLL_SYSTEM_ACCOUNT when it is an account of the system (`daemon`, `postgres`), which nobody should
 * come to own by signing in under its name.
 */
export async function findAccount(name: string): Promise<Account | undefined> {
  const remembered = known.get(name);
  const account = remembered && Date.now() - remembered.at < memoryMs ? remembered.account : await readAccount(name);
  if (!remembered || remembered.account !== account) {
    if (known.size > 10_000) known.clear();
    known.set(name, { account, at: Date.now() });
  }
  if (account && account.uid !== 0 && account.uid < firstPersonalUid)
    throw new AtollError(
      'ATOLL_SYSTEM_ACCOUNT',
      `The name ${name} belongs to an account of this machine's system, so nothing can run for it.`,
      { evidence: `Account ${name} has the user id ${account.uid}.` },
    );
  return account;
}

/** The account of that name, whatever it is for, or undefined. */
export async function readAccount(name: string): Promise<Account | undefined> {
  if (!/^[A-Za-z_][A-Za-z0-9_.@-]*\$?$/.test(name)) return undefined;
  let line: string;
  try {
    line = (await run('getent', ['passwd', '--', name], { timeout: 10_000 })).stdout.trim();
  } catch (error) {
    // getent(1): 2 says that there is no such key.
    if (error instanceof Error && 'code' in error && error.code === 2) return undefined;
    throw error;
  }
  const [found = '', , uid, gid, , home = '/', shell = ''] = line.split(':');
  // A numeric name would be taken for an id.
  if (found !== name) return undefined;
  return { name, uid: Number(uid), gid: Number(gid), home, shell: shell || '/bin/sh' };
}
