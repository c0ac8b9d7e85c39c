import type { Principal } from '../principal.ts';
import type { Session } from '../sessions.ts';

/** Who makes a request, and by which kind of credential. */
export type RequestIdentity =
  | { via: 'token'; principal: Principal }
  | { via: 'cookie'; principal: Principal; session: Session }
  | { via: 'none'; principal?: undefined };

/**
 * Reads a request's credential. A token that is presented counts alone: when it is no good, the cookie does not step in.
 * Other schemes of `Authorization` (of a proxy in front) are ignored.
 */
export async function authenticateRequest(
  identity: {
    fromToken(secret: string): Promise<Principal | undefined>;
    fromLogin(cookieHeader: string): Promise<{ principal: Principal; session: Session } | undefined>;
  },
  request: Request,
): Promise<RequestIdentity> {
  const secret = readAuthorization(request.headers.get('authorization'));
  if (secret !== undefined) {
    const principal = await identity.fromToken(secret);
    return principal ? { via: 'token', principal } : { via: 'none' };
  }
  const cookies = request.headers.get('cookie');
  const login = cookies === null ? undefined : await identity.fromLogin(cookies);
  return login ? { via: 'cookie', ...login } : { via: 'none' };
}

/** The credential of `Authorization: token …` or `bearer …`, in any case; exactly one, without white space. */
export function readAuthorization(header: string | null): string | undefined {
  return header === null ? undefined : /^(?:token|bearer) +(\S+)$/i.exec(header.trim())?.[1];
}
