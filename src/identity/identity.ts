import type { AuthenticationSettings, Settings } from '../config/settings.ts';
import { identifyActor } from '../core/actor.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import { sha256Hex } from '../core/ids.ts';
import type { Sealer } from '../core/sealer.ts';
import type { Logger } from '../observability/logger.ts';
import type { Store } from '../store/store.ts';
import type { Accounts } from './authenticators/contract.ts';
import { createSignInMethods, type SignInMethod } from './authenticators/createAuthenticator.ts';
import { AuthRefresh } from './authRefresh.ts';
import { type AuthState, AuthStates } from './authStates.ts';
import { deleteInvalidUsers } from './deleteInvalidUsers.ts';
import { forgetCredentials } from './forgetCredentials.ts';
import { Groups } from './groups.ts';
import { authenticateRequest, type RequestIdentity } from './http/authenticateRequest.ts';
import { HubCookies } from './http/hubCookies.ts';
import { SignInStates } from './http/signInStates.ts';
import { ViewTokens } from './http/viewTokens.ts';
import { XsrfTokens } from './http/xsrfTokens.ts';
import { IdentityPolicy } from './identityPolicy.ts';
import { LastUseRecorder } from './lastUseRecorder.ts';
import { LoginLinks } from './loginLinks.ts';
import { toUserName } from './names.ts';
import { type OAuthClient, OAuthClients, type ServerKey } from './oauth/clients.ts';
import { OAuthProvider } from './oauth/provider.ts';
import type { Principal } from './principal.ts';
import { PrincipalCache, type TokenBearer } from './principalCache.ts';
import { PublicUrls } from './publicUrls.ts';
import type { RoleBook } from './roles/roleBook.ts';
import { RuntimeServices } from './runtimeServices.ts';
import { requestedScopes, scopesOfService, scopesOfUser } from './scopes/effectiveScopes.ts';
import type { ScopeCatalogue } from './scopes/scopeCatalogue.ts';
import { type Resource, ScopeSet } from './scopes/scopeSet.ts';
import {
  issueServerCredentials,
  revokeServerCredentials,
  type ServerCredentials,
  type ServerScopes,
} from './serverCredentials.ts';
import { type Service, Services } from './services.ts';
import { type Session, Sessions } from './sessions.ts';
import { Shares } from './shares/shares.ts';
import type { Share } from './shares/sharesTable.ts';
import { SignIn } from './signIn.ts';
import type { SignInHooks } from './signInHooks.ts';
import { checkNames, synchroniseSettings } from './synchroniseSettings.ts';
import { maximumTokenLength, publicIdOf, type Token, Tokens } from './tokens.ts';
import { type User, Users } from './users.ts';

/** What {@link createIdentity} builds on. */
export interface IdentityDependencies {
  store: Store;
  settings: Settings;
  sealer: Sealer;
  log: Logger;
  clock?: Clock;
  /** The operator's own functions that take part while people sign in. Default: none. */
  hooks?: SignInHooks;
}

/** What {@link Identity.changeUser} changes. Undefined: it stays. */
export interface UserChanges {
  /** Normalised already. */
  name?: string | undefined;
  admin?: boolean | undefined;
  groups?: readonly string[] | undefined;
  /** Null forgets it. */
  authState?: AuthState | null | undefined;
}

/** At most this many login cookies of one request are looked up: a browser normally sends one. */
const maximumLoginCookies = 4;

/**
 * Who somebody is and what they may do: the one door to users, groups, tokens, logins, roles, scopes and the OAuth
 * provider. Holds no truth of its own; what it says is right at the moment it is asked.
 */
export class Identity {
  /** Where people find things, and what the hub's cookies are. */
  readonly urls: PublicUrls;
  readonly cookies: HubCookies;
  readonly users: Users;
  readonly groups: Groups;
  readonly services: Services;
  readonly runtimeServices: RuntimeServices;
  readonly tokens: Tokens;
  readonly sessions: Sessions;
  readonly links: LoginLinks;
  readonly shares: Shares;
  readonly oauthClients: OAuthClients;
  readonly oauth: OAuthProvider;
  /** The ways to sign in, in the order of the sign-in page. */
  readonly methods: readonly SignInMethod[];
  /** The operator's own functions that take part while people sign in; undefined: there are none. */
  readonly hooks: SignInHooks | undefined;
  readonly authStates: AuthStates;
  readonly authRefresh: AuthRefresh;
  readonly signIn: SignIn;
  readonly xsrf: XsrfTokens;
  readonly view: ViewTokens;
  readonly signInStates: SignInStates;
  readonly lastUse: LastUseRecorder;
  readonly #store: Store;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #bearers: PrincipalCache;
  #ofServices = new WeakMap<Service, Principal>();
  #policy: IdentityPolicy;

  /** Use {@link createIdentity}. */
  constructor(
    { store, settings, sealer, log, hooks, clock = systemClock }: IdentityDependencies,
    methods: readonly SignInMethod[],
  ) {
    this.#policy = new IdentityPolicy(settings);
    this.#store = store;
    this.#log = log;
    this.urls = new PublicUrls(settings.addresses);
    this.cookies = new HubCookies(this.urls, settings.cookies);
    this.users = new Users(store, clock);
    this.groups = new Groups(store);
    this.services = new Services(settings.services, this.urls);
    this.runtimeServices = new RuntimeServices({ identity: this, store, clock, log });
    this.tokens = new Tokens(store, clock);
    this.sessions = new Sessions(store, clock, this.cookies.loginSeconds);
    this.links = new LoginLinks(store, clock);
    this.shares = new Shares(store, clock);
    this.xsrf = new XsrfTokens(sealer, clock);
    this.view = new ViewTokens(sealer);
    this.signInStates = new SignInStates(sealer, clock);
    this.oauthClients = new OAuthClients(store, this.services, this.urls);
    this.oauth = new OAuthProvider({ identity: this, store, clock });
    this.methods = methods;
    this.hooks = hooks;
    if (hooks) for (const { authenticator } of methods) authenticator.useHooks?.(hooks);
    this.authStates = new AuthStates({
      store,
      sealer,
      cryptKeys: settings.authentication.cryptKeys,
      readable: methods.some((method) => method.settings.enableAuthState === true),
    });
    this.signIn = new SignIn({ identity: this, clock, log });
    this.authRefresh = new AuthRefresh({ identity: this, store, clock, log });
    this.lastUse = new LastUseRecorder(store, clock, log);
    this.#clock = clock;
    this.#bearers = new PrincipalCache(store.changes);
  }

  /** What the settings in force say about people and rights. */
  get policy(): IdentityPolicy {
    return this.#policy;
  }

  get settings(): Settings {
    return this.#policy.settings;
  }

  get roles(): RoleBook {
    return this.#policy.roles;
  }

  get catalogue(): ScopeCatalogue {
    return this.#policy.catalogue;
  }

  /**
   * Puts other settings into force: roles, groups, and who may sign in, from the next request on. The authenticator and the
   * services stay those that this identity was made with.
   * @throws AtollError when roles, scopes or names are configured wrongly; nothing has changed then
   */
  async reload(settings: Settings): Promise<void> {
    const policy = new IdentityPolicy(settings);
    checkNames(policy);
    this.#policy = policy;
    this.#ofServices = new WeakMap();
    this.#bearers.forgetAll();
    await synchroniseSettings(this, this.#store);
  }

  /** The one spelling of a user name, or undefined when it cannot be one. */
  toUserName(name: string): string | undefined {
    return toUserName(name, this.#policy.nameRules);
  }

  /** Who presents an API or OAuth token, or a service's token. Undefined when nobody's, expired, or of a blocked user. */
  async fromToken(secret: string): Promise<Principal | undefined> {
    const service = this.services.fromToken(secret);
    if (service) {
      identifyActor({ kind: 'service', name: service.name });
      return this.#principalOfService(service);
    }
    if (secret === '' || secret.length > maximumTokenLength) return undefined;
    const hash = sha256Hex(secret);
    const bearer = await this.#bearers.get(hash, () => this.#findBearer(hash, secret));
    if (!bearer || (bearer.expiresAt !== null && bearer.expiresAt <= this.#clock.now())) return undefined;
    if (!(await this.authRefresh.allowsTokensOf(bearer.userId))) return undefined;
    this.lastUse.token(bearer.tokenId);
    if (!bearer.ofServer) this.lastUse.user(bearer.userId);
    identifyActor(bearer.principal);
    return bearer.principal;
  }

  /**
   * Who presents a `Cookie` header. Undefined without a valid login cookie; also when it holds valid ones of different
   * logins, because then a page beside the hub has slipped one in ("cookie tossing"); these logins end.
   */
  async fromCookies(cookieHeader: string): Promise<Principal | undefined> {
    return (await this.fromLogin(cookieHeader))?.principal;
  }

  /** {@link fromCookies}, with the login. */
  async fromLogin(cookieHeader: string): Promise<{ principal: Principal; session: Session } | undefined> {
    const values = [...new Set(this.cookies.read(cookieHeader, 'login'))];
    if (values.length > maximumLoginCookies) return undefined;
    const sessions = (await Promise.all(values.map((value) => this.sessions.find(value)))).filter(
      (session) => session !== undefined,
    );
    const [session] = sessions;
    if (!session) return undefined;
    if (sessions.length > 1) {
      // The hub sets this cookie for one path only. Ending all of them makes the slipped-in one worthless.
      this.#log.warn({ sessions: sessions.map(({ sessionId }) => sessionId) }, 'several logins in one request: ended');
      for (const { sessionId } of sessions) await this.sessions.end(sessionId);
      return undefined;
    }
    const user = await this.users.getById(session.userId);
    if (!user || this.#policy.blocked.has(user.name)) return undefined;
    if ((await this.authRefresh.standingOf(user.id)) !== 'stands') return undefined;
    this.lastUse.user(user.id);
    identifyActor({ kind: 'user', name: user.name });
    return { principal: { ...(await this.#principalOf(user)), sessionId: session.sessionId }, session };
  }

  /**
   * Who presents a `Cookie` header to something that the hub proxies and that checks nothing itself (a Dask dashboard): by
   * its view cookie. Good for looking only.
   */
  async fromViewCookies(cookieHeader: string): Promise<Principal | undefined> {
    const ids = this.cookies
      .read(cookieHeader, 'view')
      .slice(0, maximumLoginCookies)
      .map((value) => this.view.read(value));
    const [id, ...others] = new Set(ids.filter((value) => value !== undefined));
    if (id === undefined || others.length > 0) return undefined;
    const session = await this.sessions.findByPublicId(id);
    const user = session && (await this.users.getById(session.userId));
    if (!session || !user || this.#policy.blocked.has(user.name)) return undefined;
    if ((await this.authRefresh.standingOf(user.id)) !== 'stands') return undefined;
    this.lastUse.user(user.id);
    return { ...(await this.#principalOf(user)), sessionId: session.sessionId };
  }

  /**
   * Who makes a request: by its `Authorization: token|bearer` header when it has one, else by its login cookie. Whether a
   * cookie may be believed for this request (XSRF) is for the caller to decide: `judgeXsrf`.
   */
  fromRequest(request: Request): Promise<RequestIdentity> {
    return authenticateRequest(this, request);
  }

  /** The user as a principal with all that the user holds. */
  async principalOf(name: string): Promise<Principal | undefined> {
    const user = await this.users.get(name);
    return user && this.#principalOf(user);
  }

  /**
   * What a token permits now: what it asked for, as far as its owner holds it.
   * @param known the OAuth client it was issued to; it is looked up when the caller does not have it
   */
  async scopesOfToken(token: Token, owner: Principal, known?: OAuthClient): Promise<ScopeSet> {
    const client =
      token.oauthClientId === null ? undefined : (known ?? (await this.oauthClients.get(token.oauthClientId)));
    const wanted = requestedScopes(
      {
        scopes: token.scopes,
        holder: { user: owner.name, ...client?.holder },
        oauth: client !== undefined,
      },
      this.catalogue,
    );
    return wanted ? this.intersect(wanted, owner.scopes) : owner.scopes;
  }

  /** What both sets hold, group filters resolved by today's memberships. */
  async intersect(a: ScopeSet, b: ScopeSet): Promise<ScopeSet> {
    const groups = await this.groups.ofUsers(a.usersToLookUp(b));
    return a.intersect(b, (user) => groups.get(user) ?? []);
  }

  /** What the settings in force say about a way to sign in. */
  authenticationOf({ path, settings }: SignInMethod): AuthenticationSettings {
    const { authentication } = this.settings;
    if (authentication.authenticator !== 'multi') return authentication;
    return authentication.members.find((member) => member.path === path)?.authentication ?? settings;
  }

  /** The accounts that people keep here (native authenticator); undefined: none. */
  get accounts(): Accounts | undefined {
    return this.methods.map(({ authenticator }) => authenticator.accounts).find((accounts) => accounts !== undefined);
  }

  /** What the authenticator says about a user (tokens, groups), where the settings let others read it; else null. */
  authStateOf(user: User): Promise<AuthState | null> {
    return this.authStates.read(user);
  }

  /** Replaces that; null forgets it, and whose account the user is. */
  setAuthState(user: User, state: AuthState | null): Promise<void> {
    return this.authStates.write(user, state);
  }

  /**
   * Changes several things about a user, all or none.
   * @throws AtollError `ATOLL_BAD_REQUEST` when the new name is taken, `ATOLL_NOT_FOUND` when the user is gone.
   */
  async changeUser(user: User, { name, admin, groups, authState }: UserChanges): Promise<void> {
    await this.#store.write(async (write) => {
      if (groups) await this.groups.setGroupsOfIn(write, user.name, groups);
      if (admin !== undefined) await this.users.setAdminIn(write, user.name, admin);
      if (authState !== undefined) await this.authStates.writeIn(write, user, authState);
      if (name !== undefined && name !== user.name) await this.users.renameIn(write, user.name, name);
    });
  }

  /**
   * May the principal do this? The one decision: `scope` is held for the resource; without a resource, held unfiltered.
   * Group filters are resolved by today's memberships.
   */
  async can(principal: Principal, scope: string, resource?: Resource): Promise<boolean> {
    if (principal.scopes.allows(scope, resource)) return true;
    if (resource?.user === undefined || principal.scopes.filterValues(scope, 'group').size === 0) return false;
    const groupsOfUser = (await this.groups.ofUsers([resource.user])).get(resource.user) ?? [];
    return principal.scopes.allows(scope, { ...resource, groupsOfUser });
  }

  /**
   * Makes the credentials of one start of a server: a new API token for its environment, which is the secret of its
   * OAuth client too. The ones of an earlier start of the same server end.
   * @param scopes what the credentials may do; default: what the role `server` says
   * @throws AtollError `ATOLL_NOT_FOUND` when there is no such user, `ATOLL_SCOPE_INVALID` for a scope that does not exist
   */
  issueServerCredentials(server: ServerKey, scopes: ServerScopes = {}): Promise<ServerCredentials> {
    return issueServerCredentials(this, this.#store, server, scopes);
  }

  /** Ends a server's API token, its OAuth client, and all tokens that the client obtained. */
  revokeServerCredentials(server: ServerKey): Promise<void> {
    return revokeServerCredentials(this.#store, server);
  }

  /** Ends all logins of a user and revokes all their tokens. */
  async revokeAccess(user: User): Promise<void> {
    await this.#store.write(async (write) => {
      await forgetCredentials(write, user.id);
      await write.audit({ action: 'user.revoke-access', target: user.name });
    });
  }

  /** Writes what waits in memory (last-used times). */
  async close(): Promise<void> {
    await this.authRefresh.close();
    await this.lastUse.close();
  }

  #principalOfService(service: Service): Principal {
    const known = this.#ofServices.get(service);
    if (known) return known;
    const { name, admin } = service;
    const scopes = scopesOfService(service, this.#policy.scopeRules);
    const principal: Principal = { kind: 'service', name, admin, groups: [], scopes };
    this.#ofServices.set(service, principal);
    return principal;
  }

  async #findBearer(hash: string, secret: string): Promise<TokenBearer | undefined> {
    const token = (await this.tokens.findByHash(hash)) ?? (await this.tokens.findImported(secret));
    const user = token && (await this.users.getById(token.userId));
    if (!token || !user || this.#policy.blocked.has(user.name)) return undefined;
    const shares = await this.shares.reaching(user.id);
    const owner = await this.#principalOf(user, shares);
    return {
      principal: {
        ...owner,
        scopes: await this.scopesOfToken(token, owner),
        tokenId: publicIdOf(token),
        ...(token.sessionId !== null && { sessionId: token.sessionId }),
        ...(token.oauthClientId !== null && { oauthClientId: token.oauthClientId }),
      },
      tokenId: token.id,
      userId: user.id,
      ofServer: token.serverName !== null,
      expiresAt: token.expiresAt,
      restsOn: shares.flatMap(({ server }) => [`users:${server.user}`, `servers:${server.user}/${server.name}`]),
    };
  }

  async #principalOf(user: User, known?: readonly Share[]): Promise<Principal> {
    const groups = (await this.groups.ofUsers([user.name])).get(user.name) ?? [];
    const shares = known ?? (await this.shares.reaching(user.id));
    return {
      kind: 'user',
      name: user.name,
      userId: user.id,
      admin: user.admin,
      groups,
      scopes: scopesOfUser(
        { ...user, groups, shared: shares.flatMap((share) => share.scopes) },
        this.#policy.scopeRules,
      ),
    };
  }
}

/**
 * Opens identity on a store, and brings the store in line with the settings: the users, administrators, groups and
 * services they name exist, and blocked users have lost their access.
 * @throws AtollError when roles, scopes, services or the authenticator are configured wrongly.
 */
export async function createIdentity(dependencies: IdentityDependencies): Promise<Identity> {
  const { store, settings, log, clock = systemClock } = dependencies;
  const methods = await createSignInMethods(settings.authentication, { store, clock, log });
  const identity = new Identity(dependencies, methods);
  await identity.runtimeServices.load();
  await synchroniseSettings(identity, store);
  if (settings.authentication.deleteInvalidUsers)
    await deleteInvalidUsers({ store, users: identity.users, log }, identity.policy.nameRules.pattern);
  const closed = await identity.authStates.sealAgain();
  if (closed > 0) log.warn({ users: closed }, 'auth state that no key opens: these people have to sign in again');
  return identity;
}
