import { asRequestFrom } from '../core/actor.ts';
import { clientOf } from '../identity/http/client.ts';
import { gatewayServiceName } from '../identity/roles/defaultRoles.ts';
import type { Metrics } from '../observability/metrics/metrics.ts';
import { routeOf } from '../observability/requestRoutes.ts';

type Answer = (request: Request) => Response | Promise<Response>;

/** Where Dask's gateway is: all of its routes count as one. */
const gatewayPath = `/services/${gatewayServiceName}`;
const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/**
 * The same application, as the hub serves it: each request is measured, and what it changes is known to come from its
 * address.
 */
export function measureRequests(answer: Answer, metrics: Metrics): Answer {
  return async (request) => {
    const begun = performance.now();
    const response = await asRequestFrom(
      () => clientOf(request).address,
      () => answer(request),
    );
    note(request, response.status, (performance.now() - begun) / 1000);
    return response;
  };

  function note(request: Request, status: number, seconds: number): void {
    const method = methods.has(request.method) ? request.method : 'OTHER';
    const handler = routeOf(request) ?? (request.url.includes(gatewayPath) ? gatewayPath : 'none');
    metrics.observe('jupyterhub_request_duration_seconds', seconds, { method, handler, code: String(status) });
    if (handler === '/hub/login' && method === 'POST')
      metrics.observe('jupyterhub_login_duration_seconds', seconds, { status: status < 400 ? 'success' : 'failure' });
    if (handler === '/hub/logout') metrics.observe('jupyterhub_logout_duration_seconds', seconds);
    if (handler === '/hub/security/csp-report' && status < 400) metrics.add('jupyterhub_csp_reports_total', 1);
  }
}
