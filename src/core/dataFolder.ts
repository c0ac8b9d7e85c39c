import { createHash, randomBytes } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { isSuperuser } from './defaultDataFolder.ts';
import { AtollError, messageOf, systemCodeOf } from './errors.ts';
import { removeEmpty } from './removeEmpty.ts';

/** Unix socket paths may have 107 bytes at most (Linux `sun_path`). */
const longestSocketPath = 107;

/** The paths in one installation's data folder; all that Atoll keeps is in there. */
export interface DataFolder {
  /** Absolute. */
  readonly root: string;
  /** The folders of it (and above it) that were missing, outermost first. */
  readonly made: readonly string[];
  /** The SQLite database. */
  readonly database: string;
  /** What {@link secretOf} keeps, mode 0700. */
  readonly secrets: string;
  /** Python environments that Atoll built. */
  readonly environments: string;
  /** What the process runtime keeps: one folder a workload. */
  readonly workloads: string;
  /** The hub's public HTTP listener. */
  readonly hubSocket: string;
  /** The hub's listener for the edge and for commands of the operator. */
  readonly controlSocket: string;
  /** Held by the `up` that runs on this folder. */
  readonly upLock: string;
  /** Held by the hub that runs on this folder: it outlives a killed `up` for a moment. */
  readonly hubLock: string;
  /** Files of this run (sockets, locks, a copy of the settings), mode 0700. */
  readonly run: string;
}

/** Private; but what the superuser makes, the accounts of the workloads must be able to pass through (not to list). */
const passable = (): number => (isSuperuser() ? 0o711 : 0o700);

/**
 * Makes a folder, and those above it, of exactly that mode, whatever the umask; one that is there already stays as it is.
 * Node's own recursive `mkdir` never returns where the folder above takes no folders (/proc, an automounter's).
 * @param made gets the path of each that was made.
 */
function makeFolder(path: string, mode: number, made: string[]): void {
  try {
    mkdirSync(path);
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === 'EEXIST' && statSync(path).isDirectory()) return;
    if (code !== 'ENOENT' || existsSync(dirname(path))) throw error;
    makeFolder(dirname(path), mode, made);
    mkdirSync(path);
  }
  made.push(path);
  chmodSync(path, mode);
}

/**
 * Makes the data folder (private) where it is missing, and tells its paths. When it cannot be made, nothing of it is.
 * @throws AtollError `ATOLL_DATA_NOT_WRITABLE`, `ATOLL_DISK_FULL`.
 */
export function openDataFolder(path: string): DataFolder {
  const root = resolve(path);
  const [secrets, workloads] = [join(root, 'secrets'), join(root, 'process')];
  const made: string[] = [];
  try {
    makeFolder(root, passable(), made);
    accessSync(root, constants.W_OK | constants.X_OK);
    const run = runFolder(root);
    for (const folder of [run, secrets]) makeFolder(folder, 0o700, made);
    for (const folder of [join(root, 'python'), workloads]) makeFolder(folder, passable(), made);
    return {
      root,
      made,
      run,
      database: join(root, 'atoll.db'),
      secrets,
      environments: root,
      workloads,
      hubSocket: join(run, 'hub.sock'),
      controlSocket: join(run, 'control.sock'),
      upLock: join(run, 'up.lock'),
      hubLock: join(run, 'hub.lock'),
    };
  } catch (error) {
    removeEmpty(made);
    if (systemCodeOf(error) === 'ENOSPC')
      throw new AtollError('ATOLL_DISK_FULL', 'No space is left for the data folder.', {
        evidence: root,
        cause: error,
      });
    const isInTheWay = ['EEXIST', 'ENOTDIR'].includes(systemCodeOf(error) ?? '');
    const file = isInTheWay ? fileInTheWay(root) : undefined;
    if (file !== undefined)
      throw new AtollError('ATOLL_DATA_NOT_WRITABLE', 'A file stands where the data folder should be.', {
        evidence: file,
        nextStep: 'Move the file away, or choose a folder with --data.',
        cause: error,
      });
    throw new AtollError('ATOLL_DATA_NOT_WRITABLE', 'The data folder cannot be written.', {
      evidence: messageOf(error),
      cause: error,
    });
  }
}

/** What stands at this path, or nearest above it, when that is no folder. */
function fileInTheWay(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found) return found.isDirectory() ? undefined : path;
  return fileInTheWay(dirname(path));
}

/** Sockets are in the data folder, or, when its path is too long for a socket, in a private folder of the temporary one. */
function runFolder(root: string): string {
  const inside = join(root, 'run');
  if (Buffer.byteLength(join(inside, 'control.sock')) <= longestSocketPath) return inside;
  const hash = createHash('sha256').update(root).digest('hex').slice(0, 16);
  const outside = join(tmpdir(), `atoll-${userInfo().uid}-${hash}`);
  mkdirSync(outside, { recursive: true, mode: 0o700 });
  const { uid, mode } = lstatSync(outside);
  // The temporary folder is everybody's: what somebody else put there is not ours.
  if (uid !== userInfo().uid || (mode & 0o077) !== 0)
    throw new AtollError('ATOLL_DATA_NOT_WRITABLE', 'The folder for the sockets belongs to somebody else.', {
      evidence: outside,
      nextStep: 'Remove it, or choose a data folder with a shorter path with --data.',
    });
  return outside;
}

/** The names of the secrets that an installation keeps in its data folder. */
type SecretName = 'control-token' | 'sealing-key' | 'installation-id';

/** The file of a secret. */
export function secretPath(folder: DataFolder, name: SecretName): string {
  return join(folder.secrets, name);
}

/**
 * A secret of 32 random bytes kept in `secrets/NAME` (hexadecimal, mode 0600); made the first time. Two processes that ask
 * at once get the same one.
 */
export function secretOf(folder: DataFolder, name: SecretName): Buffer {
  const path = secretPath(folder, name);
  if (!existsSync(path)) createWhole(path, randomBytes(32).toString('hex'));
  const secret = Buffer.from(readFileSync(path, 'utf8').trim(), 'hex');
  if (secret.length !== 32)
    throw new AtollError('ATOLL_DATA_DAMAGED', 'A secret of the data folder is damaged.', { evidence: path });
  return secret;
}

/** Makes a file with its whole content, or leaves the one that somebody made first. */
function createWhole(path: string, content: string): void {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, content, { mode: 0o600, flush: true });
  try {
    linkSync(draft, path);
  } catch (error) {
    if (systemCodeOf(error) !== 'EEXIST') throw error;
  } finally {
    unlinkSync(draft);
  }
}
