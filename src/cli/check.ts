import { type LoadForCommandOptions, loadForCommand } from './settings/loadForCommand.ts';
import { problemsText, toReport } from './settings/problemsText.ts';

/** The options of `atoll check`. */
export interface CheckOptions extends LoadForCommandOptions {
  json: boolean;
}

/**
 * `atoll check -f FILE… [--json]`: says what is wrong with settings files, and what of them has no effect. Python in them is
 * run, in a process of its own.
 */
export async function check({ json, ...options }: CheckOptions): Promise<void> {
  const { problems } = await loadForCommand(options);
  const report = toReport(problems);
  process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : problemsText(problems));
  process.exitCode = report.valid ? 0 : 1;
}
