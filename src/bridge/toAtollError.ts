import { basename } from 'node:path';
import { AtollError } from '../core/errors.ts';
import type { Line } from './messages.ts';
import type { PythonTrouble } from './pythonProcess.ts';

/** What a person is told of a request to the Python of the settings that has no result. */
export function toAtollError(cause: PythonTrouble, timeoutMs: number): AtollError {
  const { trouble } = cause;
  const failed = (message: string): AtollError => new AtollError('ATOLL_PYTHON_FAILED', message, { cause });
  switch (trouble.kind) {
    case 'failed': {
      const { failure } = trouble;
      // Raised on purpose: the operator's own words for people.
      if (failure.deliberate)
        return new AtollError('ATOLL_PYTHON_REFUSED', failure.message, { cause, ...statusOf(failure.status) });
      return failed(`${failure.reason}${at(failure.place)}`);
    }
    case 'timeout':
      return failed(`The Python of the settings did not end within ${timeoutMs / 1000} seconds${at(trouble.place)}.`);
    case 'ended':
      return failed(`The Python of the settings ended by itself (${trouble.how}).`);
    default:
      return failed(
        `The Python of the settings is not given more than 16 MiB at once; this is ${trouble.bytes} bytes.`,
      );
  }
}

/** The place without its folder: users read it too. */
function at(place: Line | null): string {
  return place ? ` (${basename(place.file)}:${place.line})` : '';
}

/** The status of an HTTPError, if it is one of an error. */
function statusOf(status: number | null): { status?: number } {
  return status !== null && status >= 400 && status <= 599 ? { status } : {};
}
