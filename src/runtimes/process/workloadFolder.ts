import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { randomHex } from '../../core/ids.ts';
import { replaceFile } from '../../core/replaceFile.ts';
import type { WorkloadExit, WorkloadSpec } from '../contract.ts';
import type { Account } from './accounts.ts';
import type { ProcessIdentity } from './proc.ts';

const reservationSchema = z.object({
  bindAddress: z.string(),
  ports: z.record(z.string(), z.number()),
  filesDirectory: z.string(),
  homeDirectory: z.string(),
  superuser: z.boolean(),
});

/** What the hub keeps of a workload on disk; everything of its spec but the values that may be secret. */
const recordSchema = z.object({
  id: z.string(),
  kind: z.enum(['server', 'scheduler', 'worker', 'service']),
  owner: z.string(),
  command: z.array(z.string()),
  reservation: reservationSchema,
  /** The operating system's user id that it runs as. */
  uid: z.number(),
  acceptedAt: z.number(),
  /** Bytes that its processes may hold in memory. */
  memoryLimit: z.number().positive().optional(),
});
export type WorkloadRecord = z.infer<typeof recordSchema>;

const identitySchema = z.object({
  pid: z.number().int().positive(),
  startTime: z.number(),
  bootId: z.string(),
  /** Who waits for it and writes its exit file. */
  parent: z.object({ pid: z.number().int().positive(), startTime: z.number() }),
});
/** A workload's main process, and who waits for it. */
export type WorkloadProcess = ProcessIdentity & { parent: { pid: number; startTime: number } };

const exitFileSchema = z.object({ code: z.number().nullable(), signal: z.string().nullable(), at: z.number() });
/** What the parent of a workload's main process wrote when it ended. */
export type ExitFile = z.infer<typeof exitFileSchema>;

const endSchema = z.object({
  code: z.number().nullable(),
  signal: z.string().nullable(),
  reason: z.string().optional(),
});

/** Files larger than this are not ours. */
const largestFile = 64 * 1024;

/**
 * The folder of one workload:
 *
 *   workload.json           the record; its presence makes the workload known
 *   files/                  its credentials
 *   log                     its output
 *   process.<attempt>.json  who it is: made empty by the hub for each attempt to start it, filled by the process itself
 *   exit.json               how it ended: made empty by the hub, filled by the process's parent
 *   end.json                how it ended, as the hub reports it from then on
 *
 * The folder belongs to the hub and only the hub changes it; the workload's account may write into `log`, `process.…` and
 * `exit.json`, which are therefore read with suspicion: never through a link, never much, never believed about a process
 * that /proc does not confirm.
 *
 * The calls are synchronous: a start makes some fifteen tiny files, and each would otherwise wait for its turn in Node's
 * pool of threads.
 */
export class WorkloadFolder {
  readonly path: string;

  constructor(workloads: string, id: string) {
    this.path = join(workloads, id);
  }

  /** Its credentials. */
  get files(): string {
    return join(this.path, 'files');
  }

  /** Its output. */
  get log(): string {
    return join(this.path, 'log');
  }

  /** Where its parent says how it ended. */
  get exitFile(): string {
    return join(this.path, 'exit.json');
  }

  /**
   * Makes the folder and everything in it but the record. What an interrupted earlier try left is replaced.
   * @param account whom the files are given to; undefined when the workload runs as the hub's own user.
   */
  prepare(spec: WorkloadSpec, account: Account | undefined): void {
    // Another account must be able to pass through, not to look.
    const folderMode = account ? 0o711 : 0o700;
    mkdirSync(this.path, { recursive: true, mode: folderMode });
    chmodSync(this.path, folderMode);
    rmSync(this.files, { recursive: true, force: true });
    mkdirSync(this.files, { mode: 0o700 });
    if (account) {
      // Python imports no module from a folder that it cannot list, and a scheduler's preload is one.
      chownSync(this.files, 0, account.gid);
      chmodSync(this.files, 0o750);
    }
    for (const [name, content] of Object.entries(spec.files)) {
      if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(name)) throw new TypeError(`not a file name: ${JSON.stringify(name)}`);
      this.#create(join(this.files, name), account, content);
    }
    rmSync(this.exitFile, { force: true });
    this.#create(this.exitFile, account);
    rmSync(this.log, { force: true });
    this.#create(this.log, account);
  }

  /** Writes the record; from now on the workload is known, whatever happens to the hub. */
  writeRecord(record: WorkloadRecord): void {
    replaceFile(join(this.path, 'workload.json'), JSON.stringify(record));
  }

  /** The record, or undefined when the workload never became known. */
  readRecord(): WorkloadRecord | undefined {
    return readJson(join(this.path, 'workload.json'), recordSchema);
  }

  /** Opens an attempt to start the workload: the path of the process file that the new process must fill. */
  openAttempt(account: Account | undefined): string {
    const path = join(this.path, `process.${randomHex(8)}.json`);
    this.#create(path, account);
    return path;
  }

  /**
   * Gives an attempt up. From then on it cannot begin any more; if it had begun before, its process is returned.
   * (`claim_start` in python/atoll_workload.py is the other side.)
   */
  giveUpAttempt(path: string): WorkloadProcess | undefined {
    const voided = `${path}.void`;
    renameSync(path, voided);
    const process = readJson(voided, identitySchema);
    // It has begun: give its file the name back, under which a later hub looks for it.
    if (process) renameSync(voided, path);
    return process;
  }

  /** The attempts that were neither given up nor removed. */
  listAttempts(): string[] {
    const names = readdirSync(this.path);
    return names.filter((name) => /^process\.[0-9a-f]+\.json$/.test(name)).map((name) => join(this.path, name));
  }

  /** What the process wrote into the process file of its attempt; undefined until then. */
  readProcess(attempt: string): WorkloadProcess | undefined {
    return readJson(attempt, identitySchema);
  }

  /** What the parent wrote; undefined until then. */
  readExit(): ExitFile | undefined {
    return readJson(this.exitFile, exitFileSchema);
  }

  /** Keeps how it ended. */
  writeEnd(exit: WorkloadExit): void {
    replaceFile(join(this.path, 'end.json'), JSON.stringify(exit));
  }

  /** How it ended, if the hub has seen that. */
  readEnd(): WorkloadExit | undefined {
    const end = readJson(join(this.path, 'end.json'), endSchema);
    if (!end) return undefined;
    return { code: end.code, signal: end.signal, ...(end.reason === undefined ? {} : { reason: end.reason }) };
  }

  /** Removes the folder: the record first, so that an interrupted removal is an unknown workload. */
  async remove(): Promise<void> {
    await rm(join(this.path, 'workload.json'), { force: true });
    await rm(this.path, { recursive: true, force: true });
  }

  #create(path: string, account: Account | undefined, content = ''): void {
    writeFileSync(path, content, { flag: 'wx', mode: 0o600 });
    if (account) chownSync(path, account.uid, account.gid);
  }
}

/** A small JSON file that somebody else may have written: undefined when it is missing, half-written or not as expected. */
export function readJson<T>(path: string, schema: z.ZodType<T>): T | undefined {
  try {
    return schema.parse(JSON.parse(readRegularFile(path)));
  } catch {
    return undefined;
  }
}

function readRegularFile(path: string): string {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if (!fstatSync(file).isFile()) return '';
    const buffer = Buffer.alloc(largestFile);
    return buffer.toString('utf8', 0, readSync(file, buffer, 0, largestFile, 0));
  } finally {
    closeSync(file);
  }
}
