import type { Cluster } from '../../clusters/cluster.ts';
import { AtollError } from '../../core/errors.ts';
import type { Identity } from '../../identity/identity.ts';
import type { Principal } from '../../identity/principal.ts';
import { gatewayServiceName } from '../../identity/roles/defaultRoles.ts';
import { identify } from '../frame/authorize.ts';

/** Who uses the gateway. */
export type GatewayPrincipal = Pick<Principal, 'kind' | 'name' | 'admin' | 'groups' | 'scopes'>;

/**
 * Who sent a request to the gateway, or undefined: by `Authorization: jupyterhub TOKEN` (which dask-gateway's client
 * sends), by `token` or `bearer`, or by the hub's cookie together with its XSRF token.
 */
export async function authenticateGatewayRequest(identity: Identity, request: Request): Promise<Principal | undefined> {
  const header = request.headers.get('authorization') ?? '';
  const token = /^jupyterhub +(\S+)$/i.exec(header.trim())?.[1];
  if (token !== undefined) return identity.fromToken(token);
  try {
    return (await identify(request, identity)).principal;
  } catch (error) {
    if (error instanceof AtollError) return undefined;
    throw error;
  }
}

/** Whether somebody may make and use clusters with the credential that they presented. */
export function mayUseGateway({ scopes }: GatewayPrincipal): boolean {
  return scopes.allows('access:services', { service: gatewayServiceName });
}

/** Whether a cluster is somebody's own. Services own none: one could have the name of a person. */
export function owns(principal: GatewayPrincipal, cluster: Cluster): boolean {
  return principal.kind === 'user' && cluster.owner === principal.name;
}

/** Whether somebody may look at a cluster and stop it: its owner, and administrators by a credential that is not limited. */
export function maySee(principal: GatewayPrincipal, cluster: Cluster): boolean {
  return owns(principal, cluster) || (principal.admin && principal.scopes.hasUnfiltered('admin:servers'));
}

/**
 * Whether somebody may open a cluster's dashboard: for the edge's question about the route `dashboard:NAME`. What a
 * dashboard shows (code, file names, errors) is as private as the cluster itself.
 */
export function mayViewDashboard(principal: GatewayPrincipal, cluster: Cluster | undefined): boolean {
  return cluster !== undefined && mayUseGateway(principal) && maySee(principal, cluster);
}
