import { AtollError } from '../../core/errors.ts';
import { ApiError } from '../../kubernetes/apiError.ts';

/**
 * What a person is told of an answer of the API server that will stay the same however often it is asked, or the error as it
 * is when trying again may help.
 */
export function startErrorOf(error: unknown): unknown {
  if (!(error instanceof ApiError)) return error;
  if (error.status === 403 && /exceeded quota/.test(error.message)) {
    const quota = /exceeded quota: ([^,]+), (.*)$/s.exec(error.message);
    const evidence = quota ? `Quota ${quota[1]}: ${quota[2]}` : error.message;
    return new AtollError('ATOLL_KUBERNETES_QUOTA', 'The quota of the Kubernetes namespace is used up.', {
      evidence,
      cause: error,
    });
  }
  const namespace = /^namespaces "([^"]+)" not found/.exec(error.message)?.[1];
  if (error.status === 404 && namespace !== undefined)
    return new AtollError('ATOLL_KUBERNETES_REFUSED', `Kubernetes has no namespace ${namespace}.`, {
      nextStep: `Make it (kubectl create namespace ${namespace}), or name another one in hub.config.KubeSpawner.namespace.`,
      cause: error,
    });
  if (error.status === 403 && /is forbidden: User "/.test(error.message)) return forbidden(error);
  if (error.status === 403 || error.status === 422 || error.status === 400) {
    const fields = error.causes.map(({ field, message }) => `${field}: ${message}`).join('; ');
    return new AtollError('ATOLL_KUBERNETES_REFUSED', 'Kubernetes does not accept the pod.', {
      evidence: (fields || error.message).slice(0, 1000),
      cause: error,
    });
  }
  return error;
}

/** Which right is missing: `pods is forbidden: User "x" cannot create resource "pods" in API group "" in the namespace "y"`. */
export function forbidden(error: ApiError): AtollError {
  const found = /User "([^"]+)" cannot (\w+) resource "([^"]+)"(?: in API group "([^"]*)")?/.exec(error.message);
  const [, user, verb, resource, group] = found ?? [];
  const what = verb === undefined ? 'do what it must' : `${verb} ${resource}${group ? `.${group}` : ''}`;
  return new AtollError('ATOLL_KUBERNETES_FORBIDDEN', `Atoll's account on Kubernetes may not ${what}.`, {
    evidence: user === undefined ? error.message : `${user}: ${error.message}`,
    cause: error,
  });
}
