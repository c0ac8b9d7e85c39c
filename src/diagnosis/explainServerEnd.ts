import type { AtollError } from '../core/errors.ts';
import { type ErrorCode, errorTable } from '../core/errorTable.ts';
import type { WorkloadExit } from '../runtimes/contract.ts';
import type { Failure } from './failure.ts';
import { knownCauses } from './knownCauses.ts';

/** What is known about a server that ended, or that never answered. */
export interface ServerEnd {
  during: Failure['during'];
  /** How its process ended; undefined when it was still there, or when nothing is left of it. */
  exit: WorkloadExit | undefined;
  /** Its last lines, oldest first, secrets hidden. */
  logTail: string[];
  /** Now, milliseconds since the epoch. */
  at: number;
}

/** Why a server whose process ended is not there: the runtime's own words, its last lines, its exit code or signal. */
export function explainExit(end: ServerEnd & { exit: WorkloadExit }): Failure {
  const { exit } = end;
  if (exit.reason !== undefined) {
    const code: ErrorCode = /memory/i.test(exit.reason) ? 'ATOLL_SERVER_OUT_OF_MEMORY' : 'ATOLL_SERVER_EXITED';
    return failure(end, code, `Your server ended. ${asSentence(exit.reason)}`);
  }
  const cause = causeIn(end.logTail);
  if (cause) return failure(end, cause.code, cause.message);
  if (exit.signal === 'SIGKILL')
    return failure(
      end,
      'ATOLL_SERVER_KILLED',
      `Your server was killed from outside (SIGKILL)${whenOf(end)}; most often because the machine ran out of memory.`,
    );
  const how = exitText(exit);
  const lastWords = exceptionIn(end.logTail);
  const message = `Your server ended ${end.during === 'start' ? 'before it was ready' : 'unexpectedly'} (${how}).`;
  return failure(
    end,
    'ATOLL_SERVER_EXITED',
    lastWords === undefined ? message : `${message} Its last error: ${lastWords}`,
  );
}

/** Why a start is given up on although the process runs: it answered nothing in `seconds`. */
export function explainNoAnswer(end: Omit<ServerEnd, 'exit'>, seconds: number): Failure {
  const cause = causeIn(end.logTail);
  if (cause) return failure({ ...end, exit: undefined }, cause.code, cause.message);
  return failure(
    { ...end, exit: undefined },
    'ATOLL_SERVER_NO_ANSWER',
    `Your server runs, but did not answer within ${seconds} seconds.`,
  );
}

/** Why a server is gone of which the runtime knows nothing any more. */
export function explainLoss(end: Omit<ServerEnd, 'exit' | 'logTail'>): Failure {
  return failure(
    { ...end, exit: undefined, logTail: [] },
    'ATOLL_SERVER_LOST',
    'Your server is gone, and nothing is known about its end; perhaps the machine was started anew.',
  );
}

/** Why a start was not accepted by the runtime. */
export function explainRefusal(end: Omit<ServerEnd, 'exit' | 'logTail'>, error: AtollError): Failure {
  const refusal = failure({ ...end, exit: undefined, logTail: [] }, error.code, error.message);
  const evidence = error.evidence === undefined ? [] : [error.evidence];
  return { ...refusal, nextStep: error.nextStep, logTail: evidence };
}

/** Why a start was given up on after the runtime failed again and again in ways that are not the person's doing. */
export function explainDefect(end: Omit<ServerEnd, 'exit' | 'logTail'>): Failure {
  return failure({ ...end, exit: undefined, logTail: [] }, 'ATOLL_INTERNAL', 'The hub could not start your server.');
}

function failure(end: ServerEnd, code: ErrorCode, message: string): Failure {
  return {
    during: end.during,
    code,
    message,
    nextStep: errorTable[code].nextStep,
    exitCode: end.exit?.code ?? null,
    signal: end.exit?.signal ?? null,
    logTail: end.logTail,
    at: end.at,
  };
}

function causeIn(logTail: string[]): { code: ErrorCode; message: string } | undefined {
  for (const line of logTail.toReversed()) {
    for (const { pattern, code, message } of knownCauses) {
      const match = pattern.exec(line);
      if (match) return { code, message: message.replace('$1', () => match[1] ?? '') };
    }
  }
  return undefined;
}

/** How the last Python traceback ends, such as `ValueError: no such theme`: its first line not indented further than it. */
function exceptionIn(logTail: string[]): string | undefined {
  const first = logTail.findLastIndex((line) => line.includes('Traceback (most recent call last)'));
  if (first === -1) return undefined;
  const indentation = indentationOf(logTail[first] ?? '');
  const last = logTail.slice(first + 1).find((line) => line.trim() !== '' && indentationOf(line) <= indentation);
  return last?.trim().slice(0, 300);
}

function indentationOf(line: string): number {
  return line.length - line.trimStart().length;
}

function exitText(exit: WorkloadExit): string {
  if (exit.signal !== null) return `signal ${exit.signal}`;
  return exit.code === null ? 'how is not known' : `exit code ${exit.code}`;
}

function whenOf(end: ServerEnd): string {
  return end.during === 'start' ? ' while it was starting' : '';
}

function asSentence(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1) + (words.endsWith('.') ? '' : '.');
}
