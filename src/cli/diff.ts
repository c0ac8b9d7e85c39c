import { type Change, diffSettings } from '../config/diffSettings.ts';
import type { LoadedSettings } from '../config/loadSettings.ts';
import { isError } from '../config/problem.ts';
import type { Moment } from '../config/takesEffect.ts';
import { AtollError } from '../core/errors.ts';
import { plainLines } from './plainLines.ts';
import { type LoadForCommandOptions, loadForCommand } from './settings/loadForCommand.ts';
import { problemsText } from './settings/problemsText.ts';

/** The options of `atoll diff`. */
export interface DiffOptions extends LoadForCommandOptions {
  /** The new files. */
  to: readonly string[];
  json: boolean;
}

/**
 * `atoll diff -f OLD… --to NEW…`: what would change, when it counts, and what starts anew for it.
 * @throws AtollError `ATOLL_SETTINGS_INVALID` when the new files have errors, which are listed before.
 */
export async function diff({ to, json, ...options }: DiffOptions): Promise<void> {
  const before = await loadForCommand(options);
  const after = await loadForCommand({ ...options, file: to });
  const changes = diffSettings(before, after);
  process.stdout.write(json ? `${JSON.stringify({ changes }, null, 2)}\n` : changesText(changes));
  refuseErrors(after);
}

function refuseErrors({ problems }: LoadedSettings): void {
  const errors = problems.filter(isError);
  if (errors.length === 0) return;
  process.stderr.write(problemsText(errors));
  throw new AtollError('ATOLL_SETTINGS_INVALID', 'Atoll cannot run by the new settings.');
}

/** What a moment means for people, as the title of the changes that count then. */
const titles: Record<Moment, string> = {
  'at once': 'Counts at once',
  'next server start': 'Counts for servers that are started from then on; running ones keep what they have',
  'next cluster': 'Counts for clusters that are made from then on; running ones keep what they have',
  'restart of the hub': 'The hub starts anew; servers and clusters go on',
  'restart of the edge': 'The edge starts anew; servers and clusters go on, open connections end',
  never: 'No effect here',
};

function changesText(changes: readonly Change[]): string {
  if (changes.length === 0) return 'Nothing would change.\n';
  const byMoment = Map.groupBy(changes, ({ counts }) => counts);
  const groups = Object.entries(titles).flatMap(([moment, title]) => {
    const members = byMoment.get(moment as Moment);
    return members ? [plainLines([title, ...members.flatMap(changeLines)])] : [];
  });
  return groups.join('\n');
}

function changeLines({ path, before, after, setAt }: Change): string[] {
  return [
    `  ${path}${setAt ? `  (${setAt})` : ''}`,
    ...(before === undefined ? [] : [`    - ${JSON.stringify(before)}`]),
    ...(after === undefined
      ? []
      : [`    + ${JSON.stringify(after)}${isHiddenChange(before, after) ? ' (another one)' : ''}`]),
  ];
}

/** Both are shown as `***`. */
function isHiddenChange(before: unknown, after: unknown): boolean {
  return before !== undefined && JSON.stringify(before) === JSON.stringify(after);
}
