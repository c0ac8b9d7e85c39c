import { AtollError } from '../core/errors.ts';
import type { Store, Write } from '../store/store.ts';
import type { HubCookies } from './http/hubCookies.ts';
import type { OAuthClients, ServerKey } from './oauth/clients.ts';
import { deleteServerClients } from './oauth/deleteServerClients.ts';
import type { PublicUrls } from './publicUrls.ts';
import type { RoleBook } from './roles/roleBook.ts';
import { checkScopesExist } from './scopes/checkScopesExist.ts';
import { accessScopesOf } from './scopes/effectiveScopes.ts';
import type { ScopeCatalogue } from './scopes/scopeCatalogue.ts';
import { deleteTokens, type Tokens } from './tokens.ts';
import { apiPrefix, escapeSegment } from './urls.ts';

/** What one start of a server needs to know of the hub, for its environment. */
export interface ServerCredentials {
  /** `JUPYTERHUB_API_TOKEN`, which is the secret of the OAuth client too. */
  token: string;
  /** `JUPYTERHUB_CLIENT_ID`. */
  clientId: string;
  /** `JUPYTERHUB_OAUTH_CALLBACK_URL`: a path, or an address where the server has a host of its own. */
  callbackUrl: string;
  /** `JUPYTERHUB_OAUTH_ACCESS_SCOPES` (and `JUPYTERHUB_OAUTH_SCOPES`): any of these opens the server. */
  accessScopes: string[];
  /** `JUPYTERHUB_OAUTH_CLIENT_ALLOWED_SCOPES`. */
  clientAllowedScopes: string[];
  /** `JUPYTERHUB_SERVICE_PREFIX`. */
  servicePrefix: string;
  /** The hub's own path of the activity endpoint, for `JUPYTERHUB_ACTIVITY_URL`. */
  activityPath: string;
  /** `JUPYTERHUB_COOKIE_HOST_PREFIX_ENABLED`. */
  cookieHostPrefix: boolean;
}

/** The parts of identity that take part. */
interface ServerIssuer {
  roles: RoleBook;
  catalogue: ScopeCatalogue;
  tokens: Tokens;
  oauthClients: OAuthClients;
  urls: PublicUrls;
  cookies: HubCookies;
}

/** What the settings let a server do. Self-references mean the server and, with `!user`, the holder. */
export interface ServerScopes {
  /** Of its own token. Undefined or none: those of the role `server`. */
  tokenScopes?: readonly string[];
  /** What its OAuth client may ask for, beside opening the server and knowing who the person is. */
  oauthClientAllowedScopes?: readonly string[];
}

/** Without it a server could not say that it is used. As in JupyterHub, its token always has it. */
const activityScope = 'users:activity!user';

/** See `Identity.issueServerCredentials`. */
export async function issueServerCredentials(
  identity: ServerIssuer,
  store: Store,
  { user, serverName }: ServerKey,
  { tokenScopes = [], oauthClientAllowedScopes = [] }: ServerScopes,
): Promise<ServerCredentials> {
  const server = `${user}/${serverName}`;
  const { urls, cookies, roles, catalogue } = identity;
  // A profile or a hook may say something else than the settings, which were checked when they were read.
  checkScopesExist('server_token_scopes', tokenScopes, catalogue);
  checkScopesExist('oauth_client_allowed_scopes', oauthClientAllowedScopes, catalogue);
  const wanted = tokenScopes.length > 0 ? tokenScopes : roles.scopesOf(['server']);
  // The token is the user's, not the OAuth client's: nothing else would say which server is meant.
  const ofServer = wanted.map((scope) => (scope.endsWith('!server') ? `${scope}=${server}` : scope));
  const scopes = [...new Set([...ofServer, activityScope])];
  return store.write(async (write) => {
    const owner = await write.db.selectFrom('users').select('id').where('name', '=', user).executeTakeFirst();
    if (!owner) throw new AtollError('ATOLL_NOT_FOUND', `No such user: ${user}`);
    await deleteOwnToken(write, owner.id, serverName);
    const note = `Server at ${urls.serverPath(user, serverName)}`;
    const { secret } = await identity.tokens.createIn(write, { userId: owner.id, scopes, note, serverName });
    const clientId = await identity.oauthClients.registerServerClientIn(write, {
      user,
      serverName,
      secret,
      allowedScopes: oauthClientAllowedScopes,
    });
    return {
      token: secret,
      clientId,
      callbackUrl: `${urls.server(user, serverName)}oauth_callback`,
      accessScopes: [...accessScopesOf({ server }), `access:servers!user=${user}`],
      clientAllowedScopes: [...oauthClientAllowedScopes],
      servicePrefix: urls.serverPath(user, serverName),
      activityPath: `${apiPrefix}/users/${escapeSegment(user)}/activity`,
      cookieHostPrefix: cookies.prefixForPrograms,
    };
  });
}

/** See `Identity.revokeServerCredentials`. */
export async function revokeServerCredentials(store: Store, { user, serverName }: ServerKey): Promise<void> {
  await store.write(async (write) => {
    const owner = await write.db.selectFrom('users').select('id').where('name', '=', user).executeTakeFirst();
    if (!owner) return;
    await deleteOwnToken(write, owner.id, serverName);
    await deleteServerClients(write, owner.id, serverName);
  });
}

function deleteOwnToken(write: Write, userId: number, serverName: string): Promise<void> {
  return deleteTokens(write, (token) => token.and({ user_id: userId, server_name: serverName }));
}
