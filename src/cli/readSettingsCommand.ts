import { text } from 'node:stream/consumers';
import { isDeepStrictEqual } from 'node:util';
import { checkPython, findInterpreter } from '../bridge/checkPython.ts';
import { hasPython } from '../bridge/hasPython.ts';
import type { KnownPython } from '../bridge/messages.ts';
import { diffSettings } from '../config/diffSettings.ts';
import { type LoadedSettings, loadSettings } from '../config/loadSettings.ts';
import { isError } from '../config/problem.ts';
import { readValuesFiles } from '../config/values/readValuesFiles.ts';
import { checkStart } from './settings/checkStart/checkStart.ts';
import { problemLine } from './settings/readSettings.ts';
import type { ReadAnswer, ReadRequest } from './settings/readSettingsApart.ts';

/** `atoll read-settings`: the other end of {@link readSettingsApart}. A request on standard input, an answer on standard output. */
export async function readSettingsCommand(): Promise<void> {
  const request = JSON.parse(await text(process.stdin)) as ReadRequest;
  process.stdout.write(JSON.stringify(await answerTo(request)));
}

async function answerTo({ paths, before, data }: ReadRequest): Promise<ReadAnswer> {
  const { inputs, problems } = readValuesFiles(paths);
  const read = await loadSettings(inputs);
  const { referredFiles } = read;
  if (problems.length === 0 && isDeepStrictEqual(read.inputs, before)) return { kind: 'same', referredFiles };
  const { python, notRun, ...loaded } = await withPython(read, data);
  const errors = [...problems, ...loaded.problems].filter(isError);
  if (errors.length > 0) return { kind: 'broken', problems: errors.map(problemLine), referredFiles };
  const changes = diffSettings(await withPython(await loadSettings(before), data), loaded);
  return {
    kind: 'changed',
    settings: loaded.settings,
    inputs: read.inputs,
    referredFiles,
    changes: changes.map(({ path, counts }) => ({ path, counts })),
    ...(python && { python }),
    notRun,
  };
}

/** The settings with what the Python in them sets. */
async function withPython(
  loaded: LoadedSettings,
  data: string,
): Promise<LoadedSettings & { python?: KnownPython | undefined; notRun: boolean }> {
  if (!hasPython(loaded.values)) return { ...(await checkStart(loaded)), notRun: false };
  const python = await findInterpreter(data);
  return { ...(await checkStart(await checkPython(loaded, { python }))), notRun: python === undefined };
}
