import { AtollError } from '../../core/errors.ts';
import type { Logger } from '../../observability/logger.ts';
import { json } from './replies.ts';

/**
 * Anything thrown as an answer: JupyterHub's `{status, message}` and our `code`, `evidence` and `next_step`. What is not
 * an AtollError is a defect: logged, and not shown.
 */
export function renderError(thrown: unknown, log: Logger): Response {
  const error = toAtollError(thrown, log);
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

function toAtollError(thrown: unknown, log: Logger): AtollError {
  if (thrown instanceof AtollError) return thrown;
  log.error({ err: thrown }, 'a request failed');
  return new AtollError('ATOLL_INTERNAL', 'Something went wrong inside the hub.', { cause: thrown });
}
