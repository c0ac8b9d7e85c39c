import { AtollError } from '../core/errors.ts';
import { ApiError } from '../kubernetes/apiError.ts';
import { forbidden } from '../runtimes/kubernetes/startError.ts';

/** What a person is told of an answer, or of the silence, of the Kubernetes API server. Other errors stay as they are. */
export function toldApiErrorOf(error: unknown): unknown {
  if (!(error instanceof ApiError)) return error;
  if (error.status === 403) return forbidden(error);
  if (error.status === 401 || error.status === 0)
    return new AtollError(
      'ATOLL_KUBERNETES_ACCESS',
      error.status === 0
        ? 'The Kubernetes API server cannot be reached.'
        : 'The Kubernetes API server does not accept the credentials.',
      { evidence: error.message, cause: error },
    );
  return new AtollError('ATOLL_KUBERNETES_REFUSED', 'The Kubernetes API server refused a request.', {
    evidence: error.message,
    cause: error,
  });
}
