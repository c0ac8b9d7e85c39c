import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BridgeHolder } from '../../bridge/bridgeHolder.ts';
import { hasPython } from '../../bridge/hasPython.ts';
import type { KeptSettings } from '../../config/keptSettings.ts';
import { type LoadedSettings, type LoadOptions, loadSettings } from '../../config/loadSettings.ts';
import { isError, type Problem } from '../../config/problem.ts';
import type { Settings } from '../../config/settings.ts';
import type { ValuesInput } from '../../config/values/parseValues.ts';
import type { DataFolder } from '../../core/dataFolder.ts';
import { AtollError } from '../../core/errors.ts';
import { replaceFile } from '../../core/replaceFile.ts';
import { checkStart } from './checkStart/checkStart.ts';
import { toReport } from './problemsText.ts';

/** Settings that can be run, and what the operator should know about them. */
export interface ReadSettings {
  settings: Settings;
  /** The warnings, a line each. */
  notes: string[];
  /** The texts they come from, with all that was taken from elsewhere. */
  inputs: readonly ValuesInput[];
  /** The paths of the files that they refer to. */
  referredFiles: readonly string[];
  /** Python in them has a say in the settings, and is to be run where they are used. */
  hasPython: boolean;
}

/**
 * Reads and checks settings files.
 * @param paths as `-f` takes them.
 * @param python runs the Python in them, whose settings then count too, and goes on with it. Default: it is not run.
 * @param options the runtime that they are read for, when that is not what they say.
 * @throws AtollError `ATOLL_SETTINGS_INVALID` with every error as `file:line:column`.
 */
export async function readSettings(
  paths: readonly string[],
  python?: BridgeHolder,
  options: LoadOptions = {},
): Promise<ReadSettings> {
  if (paths.length === 0) return checked([], [], python, options);
  const { readValuesFiles } = await import('../../config/values/readValuesFiles.ts');
  const { inputs, problems } = readValuesFiles(paths);
  return checked(inputs, problems, python, options);
}

/**
 * Keeps what `up` read for the hub it starts: a pipe can be read only once, and a hub that is started again shall run by
 * the same settings, whatever became of the files. Returns the path of the private file.
 */
export function keepSettings(read: Pick<ReadSettings, 'inputs'> | ReadSettings, folder: DataFolder): string {
  const path = join(folder.run, 'settings.json');
  const kept: KeptSettings = { inputs: read.inputs };
  if ('settings' in read && !read.hasPython) kept.result = { settings: read.settings, notes: read.notes };
  // A hub that starts at this moment reads the old ones or the new ones, never a half.
  replaceFile(path, JSON.stringify(kept));
  return path;
}

/** Reads what {@link keepSettings} kept. See {@link readSettings}. */
export async function readKeptSettings(path: string, python?: BridgeHolder): Promise<ReadSettings> {
  const { inputs, result } = JSON.parse(readFileSync(path, 'utf8')) as KeptSettings;
  return result ? { ...result, inputs, referredFiles: [], hasPython: false } : checked(inputs, [], python);
}

async function checked(
  inputs: readonly ValuesInput[],
  found: readonly Problem[],
  python: BridgeHolder | undefined,
  options: LoadOptions = {},
): Promise<ReadSettings> {
  const { problems, values, ...loaded } = await load(inputs, python, options);
  const all = [...found, ...problems];
  const errors = all.filter(isError);
  if (errors.length > 0)
    throw new AtollError('ATOLL_SETTINGS_INVALID', 'Atoll cannot run by these settings.', {
      evidence: errors.map(problemLine).join('\n  '),
    });
  return {
    settings: loaded.settings,
    inputs: loaded.inputs,
    referredFiles: loaded.referredFiles,
    notes: notesOf(all),
    hasPython: hasPython(values),
  };
}

async function load(
  inputs: readonly ValuesInput[],
  python: BridgeHolder | undefined,
  options: LoadOptions,
): Promise<LoadedSettings> {
  const loaded = await loadSettings(inputs, options);
  if (!python || !hasPython(loaded.values)) return checkStart(loaded);
  const { settingsWithPython } = await import('../../bridge/settingsWithPython.ts');
  const result = await checkStart(await settingsWithPython(loaded, python));
  if (result.problems.some(isError)) result.discard();
  else result.adopt();
  return result;
}

/** What needs a look, a line each; what merely has no effect, as a number. */
function notesOf(warnings: readonly Problem[]): string[] {
  const { ignored } = toReport(warnings);
  const notes = warnings
    .filter(({ path }) => !ignored.includes(path))
    .map((problem) => `Note: ${problemLine(problem)}`);
  if (ignored.length > 0)
    notes.push(
      `Note: settings without effect here: ${ignored.length}; \`bin/atoll check -f FILE\` says which, and why.`,
    );
  return notes;
}

/** A problem in one line. */
export function problemLine({ file, line, column, message, suggestion }: Problem): string {
  return `${file}:${line}:${column}: ${message}${suggestion === undefined ? '' : ` Perhaps: ${suggestion}`}`;
}
