import { AtollError } from '../../core/errors.ts';
import type { Logger } from '../../observability/logger.ts';
import { json } from './replies.ts';

/** SQLite's code for a full disk. */
const sqliteFull = 13;

/**
 * Anything thrown as an answer: JupyterHub's `{status, message}` and our `code`, `evidence` and `next_step`. What is not
 * an AtollError is a defect: logged, and not shown.
 */
export function renderError(thrown: unknown, log: Logger): Response {
  const error = toAtollError(thrown);
  if (error.code === 'ATOLL_INTERNAL') log.error({ err: thrown }, 'a request failed');
  return json(
    {
      status: error.status,
      message: error.message,
      code: error.code,
      ...(error.evidence !== undefined && { evidence: error.evidence }),
      next_step: error.nextStep,
    },
    error.status,
    error.retryAfterSeconds === undefined ? {} : { 'Retry-After': String(error.retryAfterSeconds) },
  );
}

function toAtollError(thrown: unknown): AtollError {
  if (thrown instanceof AtollError) return thrown;
  if (thrown instanceof Error && 'errcode' in thrown && thrown.errcode === sqliteFull)
    return new AtollError('ATOLL_DISK_FULL', 'No space is left on the disk.', { cause: thrown });
  return new AtollError('ATOLL_INTERNAL', 'Something went wrong inside the hub.', { cause: thrown });
}
