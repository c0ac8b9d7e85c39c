import { type ErrorCode, errorTable } from './errorTable.ts';

/** What an {@link AtollError} carries beside its code. */
export interface ErrorDetails {
  /** What was seen: a path, a port, a log line. Never a secret. */
  evidence?: string;
  /** What the person can do next, when the table's own advice is not precise enough. */
  nextStep?: string;
  /** HTTP status, when the table's own does not fit this case. */
  status?: number;
  /** Seconds after which trying again makes sense; answered as `Retry-After`. */
  retryAfterSeconds?: number;
  /** The error underneath; for the log only, never shown. */
  cause?: unknown;
}

/**
 * An error that a person may meet: a code from {@link errorTable}, one sentence in the person's words, the evidence and
 * the next step. Everything else that is thrown is a defect, and is shown as `ATOLL_INTERNAL`.
 */
export class AtollError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly evidence: string | undefined;
  readonly nextStep: string;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'AtollError';
    this.code = code;
    this.status = details.status ?? errorTable[code].status;
    this.evidence = details.evidence;
    this.nextStep = details.nextStep ?? errorTable[code].nextStep;
    this.retryAfterSeconds = details.retryAfterSeconds;
  }

  /** The sentence, the evidence and the next step as plain text, one a line: what a terminal shows. */
  toText(): string {
    return [`${this.message} [${this.code}]`, this.evidence, this.nextStep].filter(Boolean).join('\n  ');
  }
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The `code` of a Node system error (`ENOENT`, `EADDRINUSE`, …), if it has one. */
export function systemCodeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** What a person should be told of anything thrown: an AtollError as it is, and that the disk is full. Undefined: a defect. */
export function toldErrorOf(thrown: unknown): AtollError | undefined {
  if (thrown instanceof AtollError) return thrown;
  const code = systemCodeOf(thrown);
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return undefined;
  return new AtollError('ATOLL_DISK_FULL', 'No space is left on the disk.', {
    evidence: messageOf(thrown),
    cause: thrown,
  });
}
