import { AtollError } from '../../core/errors.ts';
import type { Identity } from '../../identity/identity.ts';
import type { Principal } from '../../identity/principal.ts';
import { identify } from '../frame/authorize.ts';

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
