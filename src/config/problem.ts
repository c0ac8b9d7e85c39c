import type { ErrorCode } from '../core/errorTable.ts';
import { quoted } from './maskSecrets.ts';

/** The way to a value: keys of maps and indexes of lists. */
export type Path = readonly (string | number)[];

/** Something to say about the settings files. */
export interface Problem {
  code: ErrorCode;
  /** `error`: Atoll does not start with these files. `warning`: it does, and this is what the person should know. */
  severity: 'error' | 'warning';
  /** One or two sentences. Never holds a secret. */
  message: string;
  /** Name of the file as it was given. */
  file: string;
  /** Both count from 1. A problem of a whole file is at 1:1. */
  line: number;
  column: number;
  /** The setting in question as {@link pathText} writes it; empty for a problem of a whole file. */
  path: string;
  /** What to write instead. */
  suggestion?: string;
  /** The lines around the place, secrets masked, with a mark below the column. Errors only. */
  excerpt?: string;
}

/** Whether Atoll does not start with this. */
export function isError({ severity }: Pick<Problem, 'severity'>): boolean {
  return severity === 'error';
}

/** Notes a problem at the first of these paths that is in the file. */
export type AddProblem = (code: ErrorCode, severity: Problem['severity'], paths: Path[], message: string) => void;

/** Whether a problem says that a setting has no effect, or is not supported. */
export function isAboutEffect(code: ErrorCode): boolean {
  return code === 'ATOLL_SETTINGS_NOT_SUPPORTED' || code === 'ATOLL_SETTINGS_NO_EFFECT';
}

/** How many problems one look through a file lists. With more, it is not meant as settings. */
export const mostProblems = 200;

/** A path as people write it: `jupyterhub.singleuser.profileList[0].slug`. Keys with dots or blanks stand in
 * quotes, long ones cut. */
export function pathText(path: Path): string {
  return path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`;
      const name = /^[\w/-]{1,60}$/.test(part) ? part : quoted(part);
      return index === 0 ? name : `.${name}`;
    })
    .join('');
}
