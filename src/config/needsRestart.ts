import { isDeepStrictEqual } from 'node:util';
import type { Settings } from './settings.ts';

/** The parts of the settings that are read at the moment of use. What is not named here is read when the hub starts. */
const liveParts: ReadonlySet<keyof Settings> = new Set([
  'servers',
  'profiles',
  'clusters',
  'roles',
  'customScopes',
  'groups',
  'pages',
  'edge',
  'deployment',
]);

/** The parts of the settings that are different, and that a running hub cannot put into force. */
export function needsRestart(before: Settings, after: Settings): (keyof Settings)[] {
  const parts = [...new Set([...Object.keys(before), ...Object.keys(after)])] as (keyof Settings)[];
  return parts.filter((part) => !liveParts.has(part) && !isSame(before[part], after[part]));
}

/** As data: one of them may have come through a pipe. */
function isSame(a: unknown, b: unknown): boolean {
  const asData = (value: unknown): unknown => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)));
  return isDeepStrictEqual(asData(a), asData(b));
}
