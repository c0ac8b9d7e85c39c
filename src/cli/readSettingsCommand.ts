import { text } from 'node:stream/consumers';
import { isDeepStrictEqual } from 'node:util';
import { checkPython, findInterpreter } from '../bridge/checkPython.ts';
import { hasPython } from '../bridge/hasPython.ts';
import { diffSettings } from '../config/diffSettings.ts';
import { type LoadedSettings, loadSettings } from '../config/loadSettings.ts';
import { readValuesFiles } from '../config/values/readValuesFiles.ts';
import { problemLine } from './readSettings.ts';
import type { ReadAnswer, ReadRequest } from './readSettingsApart.ts';

/** `atoll read-settings`: the other end of {@link readSettingsApart}. A request on standard input, an answer on standard output. */
export async function readSettingsCommand(): Promise<void> {
  const request = JSON.parse(await text(process.stdin)) as ReadRequest;
  process.stdout.write(JSON.stringify(await answerTo(request)));
}

async function answerTo({ paths, before, data }: ReadRequest): Promise<ReadAnswer> {
  const { inputs, problems } = readValuesFiles(paths);
  if (problems.length === 0 && isDeepStrictEqual(inputs, before)) return { kind: 'same' };
  const loaded = await checked(await loadSettings(inputs), data);
  const errors = [...problems, ...loaded.problems].filter(({ severity }) => severity === 'error');
  if (errors.length > 0) return { kind: 'broken', problems: errors.map(problemLine) };
  const old = await loadSettings(before);
  return {
    kind: 'changed',
    settings: loaded.settings,
    inputs,
    changes: diffSettings(old, loaded).map(({ path, counts }) => ({ path, counts })),
    python: hasPython(loaded.values) || hasPython(old.values),
  };
}

async function checked(loaded: LoadedSettings, data: string): Promise<LoadedSettings> {
  return hasPython(loaded.values) ? checkPython(loaded, { python: await findInterpreter(data) }) : loaded;
}
