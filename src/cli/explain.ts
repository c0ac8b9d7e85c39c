import { explainSettings } from '../config/explainSettings.ts';
import { parsePath } from '../config/parsePath.ts';
import { isError } from '../config/problem.ts';
import { AtollError } from '../core/errors.ts';
import { explanationsText, explanationText } from './explainText.ts';
import { type LoadForCommandOptions, loadForCommand } from './settings/loadForCommand.ts';
import { problemsText } from './settings/problemsText.ts';

/** The options of `atoll explain`. */
export interface ExplainOptions extends LoadForCommandOptions {
  json: boolean;
}

/**
 * `atoll explain -f FILE… [path]`: what holds for a key, which file and line says so, and what it does here; for all keys
 * below a path; or, without a path, for everything that is written. Files with errors are explained as far as they go,
 * with the errors on standard error and exit code 1.
 * @throws AtollError `ATOLL_SETTINGS_UNKNOWN_KEY` for a path that is no key.
 */
export async function explain(path: string | undefined, options: ExplainOptions): Promise<void> {
  const loaded = await loadForCommand(options);
  const explained = explainSettings(loaded, path === undefined ? [] : toPath(path));
  if ('unknown' in explained) throw unknownPath(path ?? '', explained.suggestion);
  const { explanations, single } = explained;
  const shown = path === undefined ? explanations.filter(({ written }) => written) : explanations;
  if (options.json) process.stdout.write(`${JSON.stringify(shown, null, 2)}\n`);
  else process.stdout.write(single ? shown.map(explanationText).join('') : explanationsText(shown));
  const errors = loaded.problems.filter(isError);
  if (errors.length > 0) {
    process.stderr.write(problemsText(errors));
    process.exitCode = 1;
  }
}

function toPath(text: string): (string | number)[] {
  const path = parsePath(text);
  if (!path) throw unknownPath(text);
  return [...path];
}

function unknownPath(path: string, suggestion?: string): AtollError {
  return new AtollError('ATOLL_SETTINGS_UNKNOWN_KEY', `There is no key ${JSON.stringify(path)}.`, {
    nextStep: suggestion ? `Perhaps: ${suggestion}` : 'docs/settings.md lists all keys.',
  });
}
