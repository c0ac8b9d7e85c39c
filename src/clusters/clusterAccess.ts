import type { Principal } from '../identity/principal.ts';
import { gatewayServiceName } from '../identity/roles/defaultRoles.ts';
import type { Cluster } from './cluster.ts';

/** Who uses the gateway. */
export type GatewayPrincipal = Pick<Principal, 'kind' | 'name' | 'admin' | 'groups' | 'scopes' | 'tokenId'>;

/** Whether somebody may make and use clusters with the credential that they presented. */
export function mayUseGateway({ scopes }: GatewayPrincipal): boolean {
  return scopes.allows('access:services', { service: gatewayServiceName });
}

/** Whether a cluster is somebody's own. Services own none: one could have the name of a person. */
export function owns(principal: GatewayPrincipal, cluster: Cluster): boolean {
  return principal.kind === 'user' && cluster.owner === principal.name;
}

/** Whether somebody may look at everybody's clusters and stop them: administrators, by a credential that is not limited. */
export function maySeeAll({ admin, scopes }: GatewayPrincipal): boolean {
  return admin && scopes.hasUnfiltered('admin:servers');
}

/** Whether somebody may look at a cluster and stop it. */
export function maySee(principal: GatewayPrincipal, cluster: Cluster): boolean {
  return owns(principal, cluster) || maySeeAll(principal);
}

/**
 * Whether somebody may open a cluster's dashboard: for the edge's question about the route `dashboard:NAME`. What a
 * dashboard shows (code, file names, errors) is as private as the cluster itself. Whoever may open the notebook server on
 * which it was made (it is shared with them) could look from there, and may look here too.
 */
export function mayViewDashboard(principal: GatewayPrincipal, cluster: Cluster | undefined): boolean {
  if (cluster === undefined) return false;
  return (mayUseGateway(principal) && maySee(principal, cluster)) || mayOpenItsServer(principal, cluster);
}

function mayOpenItsServer({ scopes }: GatewayPrincipal, { owner, serverName: server }: Cluster): boolean {
  return server !== undefined && scopes.allows('access:servers', { user: owner, server });
}
