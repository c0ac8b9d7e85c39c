import { loadSettingsFiles } from '../config/loadSettings.ts';
import { problemsText, toReport } from './problemsText.ts';

/** The options of `atoll check`. */
export interface CheckOptions {
  file: string[];
  json: boolean;
}

/** `atoll check -f FILE… [--json]`: says what is wrong with settings files, and what of them has no effect. */
export async function check({ file, json }: CheckOptions): Promise<void> {
  const { problems } = await loadSettingsFiles(file);
  const report = toReport(problems);
  process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : problemsText(problems));
  process.exitCode = report.valid ? 0 : 1;
}
