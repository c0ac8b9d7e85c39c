import { hasPython } from '../bridge/hasPython.ts';
import { type LoadedSettings, loadSettingsFiles } from '../config/loadSettings.ts';
import { problemsText, toReport } from './problemsText.ts';

/** The options of `atoll check`. */
export interface CheckOptions {
  file: string[];
  /** Where the Python environment is that `up` would use. */
  data: string;
  json: boolean;
}

/**
 * `atoll check -f FILE… [--json]`: says what is wrong with settings files, and what of them has no effect. Python in them is
 * run, in a process of its own.
 */
export async function check({ file, data, json }: CheckOptions): Promise<void> {
  const { problems } = await withPython(await loadSettingsFiles(file), data);
  const report = toReport(problems);
  process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : problemsText(problems));
  process.exitCode = report.valid ? 0 : 1;
}

async function withPython(loaded: LoadedSettings, data: string): Promise<LoadedSettings> {
  if (!hasPython(loaded.values)) return loaded;
  const { checkPython, findInterpreter } = await import('../bridge/checkPython.ts');
  return checkPython(loaded, { python: await findInterpreter(data) });
}
