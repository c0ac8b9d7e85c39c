import { AtollError } from '../../core/errors.ts';
import { equalInConstantTime } from '../../core/ids.ts';
import { clientOf } from '../../identity/http/client.ts';
import type { Identity } from '../../identity/identity.ts';
import type { Principal } from '../../identity/principal.ts';
import { gatewayAccessScope } from '../../identity/roles/defaultRoles.ts';
import { ScopeSet } from '../../identity/scopes/scopeSet.ts';
import { identify } from '../frame/authorize.ts';

/** How people may prove who they are to the gateway, beside tokens and cookies. */
export interface GatewaySignIn {
  /** `gateway.auth.simple.password`: with it, everybody is whom they say they are. Undefined: nobody is. */
  sharedPassword?: string;
}

/**
 * Who sent a request to the gateway, or undefined: by `Authorization: jupyterhub TOKEN` (which dask-gateway's client
 * sends), by `token` or `bearer`, by `Basic` with the name and a token (or the shared password), or by the hub's cookie
 * together with its XSRF token.
 * @throws AtollError `ATOLL_SIGN_IN_THROTTLED` after too many wrong passwords.
 */
export async function authenticateGatewayRequest(
  identity: Identity,
  request: Request,
  signIn: GatewaySignIn = {},
): Promise<Principal | undefined> {
  const header = request.headers.get('authorization')?.trim() ?? '';
  const token = /^jupyterhub +(\S+)$/i.exec(header)?.[1];
  if (token !== undefined) return identity.fromToken(token);
  const basic = /^basic +([A-Za-z0-9+/]+=*)$/i.exec(header)?.[1];
  if (basic !== undefined) return fromBasic(identity, request, Buffer.from(basic, 'base64').toString('latin1'), signIn);
  try {
    return (await identify(request, identity)).principal;
  } catch (error) {
    if (error instanceof AtollError) return undefined;
    throw error;
  }
}

/** What dask-gateway's `BasicAuth` sends: the name must be that of the token's owner. */
async function fromBasic(
  identity: Identity,
  request: Request,
  credentials: string,
  { sharedPassword }: GatewaySignIn,
): Promise<Principal | undefined> {
  const colon = credentials.indexOf(':');
  const name = identity.toUserName(credentials.slice(0, colon));
  const password = credentials.slice(colon + 1);
  if (colon === -1 || name === undefined || password === '') return undefined;
  const owner = await identity.fromToken(password);
  if (owner) return owner.kind === 'user' && owner.name === name ? owner : undefined;
  if (sharedPassword === undefined) return undefined;
  return fromSharedPassword(identity, request, { name, password, sharedPassword }).catch((error: unknown) => {
    if (error === wrongPassword) return undefined;
    throw error;
  });
}

const wrongPassword = new Error('a wrong password');

/** Somebody whom the hub knows already; good for nothing but clusters, also when they are an administrator. */
function fromSharedPassword(
  identity: Identity,
  request: Request,
  { name, password, sharedPassword }: { name: string; password: string; sharedPassword: string },
): Promise<Principal | undefined> {
  return identity.signIn.throttled(name, clientOf(request), async () => {
    if (!equalInConstantTime(password, sharedPassword)) throw wrongPassword;
    const principal = await identity.principalOf(name);
    return principal && { ...principal, admin: false, scopes: ScopeSet.of([gatewayAccessScope]) };
  });
}
