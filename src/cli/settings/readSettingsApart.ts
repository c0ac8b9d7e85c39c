import { spawn } from 'node:child_process';
import type { KnownPython } from '../../bridge/messages.ts';
import type { Settings } from '../../config/settings.ts';
import type { ChangedSetting } from '../../config/settingsReport.ts';
import type { ValuesInput } from '../../config/values/parseValues.ts';
import { messageOf } from '../../core/errors.ts';

/** What is read. */
export interface ReadRequest {
  /** Files and folders, as `-f` takes them. */
  paths: readonly string[];
  /** The texts of the settings in force. */
  before: readonly ValuesInput[];
  /** The data folder, whose Python environment runs the Python in settings. */
  data: string;
}

/** What reading came to. */
export type ReadAnswer =
  | { kind: 'same'; referredFiles: readonly string[] }
  /** Why they cannot be used, a line each. */
  | { kind: 'broken'; problems: string[]; referredFiles?: readonly string[] }
  | {
      kind: 'changed';
      settings: Settings;
      inputs: readonly ValuesInput[];
      referredFiles: readonly string[];
      changes: ChangedSetting[];
      /** The Python in them, if there is some that could be run. */
      python?: KnownPython;
      /** There is Python in them, and no environment yet to run it: only a hub that starts makes one. */
      notRun: boolean;
    };

const patienceMs = 60_000;
const longestAnswer = 64 * 2 ** 20;

/**
 * Reads settings files in a process of its own (`atoll read-settings`), so that whoever asks goes on meanwhile, whatever is in
 * them.
 */
export function readSettingsApart(request: ReadRequest): Promise<ReadAnswer> {
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1] ?? '', 'read-settings'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    timeout: patienceMs,
    killSignal: 'SIGKILL',
  });
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const fail = (reason: string): void =>
      resolve({ kind: 'broken', problems: [`The settings files cannot be read: ${reason}.`] });
    child.on('error', (error) => fail(messageOf(error)));
    child.stdin.on('error', () => undefined);
    child.stdout.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length > longestAnswer) child.kill('SIGKILL');
    });
    child.on('close', (code, signal) => {
      if (code !== 0) return fail(signal ?? `exit code ${code}`);
      try {
        resolve(JSON.parse(Buffer.concat(chunks).toString('utf8')) as ReadAnswer);
      } catch (error) {
        fail(messageOf(error));
      }
    });
    child.stdin.end(JSON.stringify(request));
  });
}
