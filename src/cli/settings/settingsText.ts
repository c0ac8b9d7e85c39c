import type { ChangedSetting } from '../../config/settingsReport.ts';
import type { Moment } from '../../config/takesEffect.ts';

/** What is told of changed settings, by when they count. */
const titles: Record<Moment, string> = {
  'at once': 'At once',
  'next server start': 'For servers that are started from now on',
  'next cluster': 'For clusters that are made from now on',
  'restart of the hub': 'With the restart of the hub',
  'restart of the edge': 'After a restart of Atoll',
  never: 'No effect here',
};

const mostNames = 10;

/** The changes in words, a line each for when they count. */
export function changesText(changes: readonly ChangedSetting[]): string {
  const byMoment = Map.groupBy(changes, ({ counts }) => counts);
  return Object.entries(titles)
    .flatMap(([moment, title]) => {
      const paths = byMoment.get(moment as Moment)?.map(({ path }) => path);
      return paths ? [`  ${title}: ${namesOf(paths)}`] : [];
    })
    .join('\n');
}

/** Running servers that keep older settings; nothing when there are none. */
export function outdatedText(servers: readonly string[]): string {
  return servers.length === 0
    ? ''
    : `\n  Running servers that keep what they have until they are started again: ${namesOf(servers)}`;
}

function namesOf(names: readonly string[]): string {
  const more = names.length > mostNames ? ` and ${names.length - mostNames} more` : '';
  return names.slice(0, mostNames).join(', ') + more;
}
