import type { ErrorCode } from '../core/errorTable.ts';
import { isError, type Problem } from './problem.ts';

/** Errors of single values; any other one leaves open what else the files would have said. */
const ofOneValue: ReadonlySet<ErrorCode> = new Set([
  'ATOLL_SETTINGS_VALUE',
  'ATOLL_SETTINGS_CONFLICT',
  'ATOLL_SETTINGS_NOT_SUPPORTED',
  'ATOLL_SETTINGS_REFERENCE',
  'ATOLL_QUANTITY',
]);

/**
 * Tells of sections (`jupyterhub.singleuser.memory`) whether all of them came out as they are meant, for all the errors that
 * were found. What is said about others would only follow from those errors.
 */
export function soundSections(problems: readonly Problem[]): (sections: readonly string[]) => boolean {
  const harmed = problems.filter(isError).map(harmedSection);
  return (sections) =>
    !sections.some((section) => harmed.some((other) => isWithin(section, other) || isWithin(other, section)));
}

/** The section that an error may have changed; '' for everything. */
function harmedSection({ code, path }: Problem): string {
  // What becomes of every other key depends on it.
  if (isWithin(path, 'atoll.runtime')) return '';
  if (ofOneValue.has(code)) return path;
  // A key that is not known may have been meant for any other one beside it.
  if (code === 'ATOLL_SETTINGS_UNKNOWN_KEY') return path.replace(/\.?(?:"(?:[^"\\]|\\.)*"|[^."]*)$/, '');
  return '';
}

function isWithin(path: string, section: string): boolean {
  return section === '' || path === section || path.startsWith(`${section}.`) || path.startsWith(`${section}[`);
}
