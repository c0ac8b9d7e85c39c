import { hasPython } from '../../bridge/hasPython.ts';
import { type LoadedSettings, loadSettingsFiles } from '../../config/loadSettings.ts';
import type { RuntimeKind } from '../../config/settings.ts';
import { checkStart } from './checkStart/checkStart.ts';

/** What commands that only look at settings files are told about them. */
export interface LoadForCommandOptions {
  file: readonly string[];
  /** Where the Python environment is that `up` would use. */
  data: string;
  /** The runtime that the settings are for. Default: what they say themselves. */
  runtime?: RuntimeKind;
}

/** Reads settings files for a look at them. Python in them is run, in a process that ends with this. */
export async function loadForCommand({ file, data, runtime }: LoadForCommandOptions): Promise<LoadedSettings> {
  const loaded = await loadSettingsFiles(file, runtime ? { runtime } : {});
  if (!hasPython(loaded.values)) return checkStart(loaded);
  const { checkPython, findInterpreter } = await import('../../bridge/checkPython.ts');
  return checkStart(await checkPython(loaded, { python: await findInterpreter(data) }));
}
