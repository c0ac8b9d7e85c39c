import { isAboutEffect, isError, type Problem } from '../../config/problem.ts';

/** One entry of {@link CheckReport}. */
type ReportedProblem = Pick<Problem, 'code' | 'message' | 'file' | 'line' | 'column' | 'path' | 'suggestion'>;

/** What `atoll check --json` prints. */
export interface CheckReport {
  /** Whether Atoll can run with the files. */
  valid: boolean;
  errors: ReportedProblem[];
  warnings: ReportedProblem[];
  /** Paths of settings that have no effect here, or not yet. */
  ignored: string[];
}

/** The problems as data. */
export function toReport(problems: readonly Problem[]): CheckReport {
  const of = (severity: Problem['severity']): ReportedProblem[] =>
    problems.filter((problem) => problem.severity === severity).map(toReported);
  const errors = of('error');
  return {
    valid: errors.length === 0,
    errors,
    warnings: of('warning'),
    ignored: [...new Set(problems.filter(({ code }) => isAboutEffect(code)).map(({ path }) => path))],
  };
}

function toReported({ code, message, file, line, column, path, suggestion }: Problem): ReportedProblem {
  return { code, message, file, line, column, path, ...(suggestion !== undefined && { suggestion }) };
}

/** The problems for people: every error with its lines, then warnings by what they say, then the sum in one line. */
export function problemsText(problems: readonly Problem[]): string {
  const errors = problems.filter(isError);
  const warnings = problems.filter(({ severity }) => severity === 'warning');
  const groups: [title: string, members: Problem[]][] = [
    ['To look at', warnings.filter(({ code }) => !isAboutEffect(code))],
    ['Not supported', warnings.filter(({ code }) => code === 'ATOLL_SETTINGS_NOT_SUPPORTED')],
    ['No effect here', warnings.filter(({ code }) => code === 'ATOLL_SETTINGS_NO_EFFECT')],
  ];
  return (
    [
      ...errors.map(errorText),
      ...groups.filter(([, members]) => members.length > 0).map(([title, members]) => groupText(title, members)),
      sumText(errors.length, warnings),
    ]
      .map((part) => `${part}\n`)
      .join('\n')
      // Names in the files may hold what a terminal would obey.
      .replace(/[^\P{Cc}\n]/gu, '?')
  );
}

function errorText({ code, message, suggestion, excerpt, ...place }: Problem): string {
  return [
    `${placeText(place)}: error: ${message} [${code}]`,
    ...(excerpt ? excerpt.split('\n').map((line) => `    ${line}`) : []),
    ...(suggestion ? [`    Perhaps: ${suggestion}`] : []),
  ].join('\n');
}

function groupText(title: string, members: readonly Problem[]): string {
  const byMessage = new Map<string, Problem[]>();
  for (const member of members) byMessage.set(member.message, [...(byMessage.get(member.message) ?? []), member]);
  const blocks = [...byMessage].map(([message, same]) => {
    const places = same.map(placeText);
    const width = Math.max(...places.map((place) => place.length));
    return [
      `  ${message}`,
      ...same.map(({ path, suggestion }, index) => {
        const hint = suggestion ? `  (perhaps: ${suggestion})` : '';
        return `    ${places[index]?.padEnd(width)}  ${path}${hint}`;
      }),
    ].join('\n');
  });
  return [title, ...blocks].join('\n');
}

function placeText({ file, line, column }: Pick<Problem, 'file' | 'line' | 'column'>): string {
  return `${file}:${line}:${column}`;
}

function sumText(errors: number, warnings: readonly Problem[]): string {
  const count = (number: number, noun: string): string =>
    `${number === 0 ? 'No' : number} ${noun}${number === 1 ? '' : 's'}`;
  return `${count(errors, 'error')}, ${count(warnings.length, 'warning').toLowerCase()}. ${verdict(errors, warnings)}`;
}

function verdict(errors: number, warnings: readonly Problem[]): string {
  if (errors > 0) return 'Atoll cannot run with these files.';
  return warnings.some(({ code }) => code === 'ATOLL_AUTHENTICATOR_INCOMPLETE')
    ? 'Atoll can run with these files and one that has what is missing.'
    : 'Atoll can run with these files.';
}
