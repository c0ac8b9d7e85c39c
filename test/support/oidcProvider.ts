import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';
import { BrowserSession } from './browserSession.ts';

/** Somebody with an account at a provider: claims, `sub` among them. */
export type Account = Record<string, unknown> & { sub: string };

/** A real OpenID provider on this machine, with one client: the hub. */
export interface OidcProvider {
  issuer: string;
  /** The accounts, by `sub`. */
  accounts: Map<string, Account>;
  /** What the hub has to say to be believed. */
  client: { client_id: string; client_secret: string };
  /** Tokens live that long, in seconds; what is issued from now on. */
  tokenLifetime: number;
  /** Whoever signs in next does so as this account, without a page to fill in; undefined: a page asks. */
  signsInAs: string | undefined;
  /** Requests that came to each path. */
  requests: string[];
  /**
   * What a browser does that is sent to the provider: signs in, and returns the address that it is sent back to.
   */
  visit(location: string): Promise<URL>;
  /** Answers every request with 503. */
  isDown: boolean;
  /** Ends the access tokens that were issued; refresh tokens stay good. */
  expireAccessTokens(): Promise<void>;
  /** Ends all that a person agreed to: tokens of theirs are not taken any more. */
  forget(sub: string): Promise<void>;
  close(): Promise<void>;
}

const clientId = 'the-hub';
const clientSecret = 'a-secret-of-the-hub-and-the-provider';

/** Starts one. `redirectUris` are the hub's addresses to come back to. */
export async function startOidcProvider(redirectUris: string[]): Promise<OidcProvider> {
  const server: Server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const accounts = new Map<string, Account>();
  const world: Pick<OidcProvider, 'tokenLifetime' | 'signsInAs' | 'isDown'> = {
    tokenLifetime: 3600,
    signsInAs: undefined,
    isDown: false,
  };
  const grants = new Map<string, Set<string>>();
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uris: redirectUris,
        grant_types: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_method: 'client_secret_post',
      },
    ],
    claims: { openid: ['sub'], profile: ['preferred_username', 'name'], email: ['email'], groups: ['groups'] },
    scopes: ['openid', 'offline_access', 'profile', 'email', 'groups'],
    cookies: { keys: ['a key of a test'] },
    features: { devInteractions: { enabled: false } },
    pkce: { required: () => true },
    // Else claims stand at userinfo only.
    conformIdTokenClaims: false,
    ttl: {
      AccessToken: () => world.tokenLifetime,
      AuthorizationCode: 60,
      Grant: 3600,
      IdToken: 3600,
      Interaction: 600,
      RefreshToken: 3600,
      Session: 3600,
    },
    issueRefreshToken: (_ctx, client, code) =>
      client.grantTypeAllowed('refresh_token') && code.scopes.has('offline_access'),
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    findAccount: (_ctx, sub) => {
      const account = accounts.get(sub);
      return account && { accountId: sub, claims: () => account };
    },
  });
  const issued: { destroy(): Promise<void> }[] = [];
  provider.on('access_token.saved', (token) => issued.push(token));
  const requests: string[] = [];
  const callback = provider.callback();
  server.on('request', (request, response) => {
    const url = new URL(request.url ?? '/', issuer);
    requests.push(url.pathname);
    const finish = async (): Promise<void> => {
      const details = await provider.interactionDetails(request, response);
      const sub = world.signsInAs ?? url.searchParams.get('sub') ?? undefined;
      if (sub === undefined) {
        response.setHeader('content-type', 'text/html');
        response.end(
          `<h1>The provider</h1><form><label>Account <input name="sub"></label><button>Continue</button></form>`,
        );
        return;
      }
      if (sub === 'nobody') {
        await provider.interactionFinished(request, response, { error: 'access_denied' });
        return;
      }
      const { params } = details;
      const grant = new provider.Grant({ accountId: sub, clientId: String(params.client_id) });
      grant.addOIDCScope(String(params.scope));
      const grantId = await grant.save();
      grants.set(sub, (grants.get(sub) ?? new Set()).add(grantId));
      await provider.interactionFinished(request, response, { login: { accountId: sub }, consent: { grantId } });
    };
    if (world.isDown) response.writeHead(503).end();
    else if (!url.pathname.startsWith('/interaction/')) void callback(request, response);
    else finish().catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  return {
    issuer,
    accounts,
    requests,
    client: { client_id: clientId, client_secret: clientSecret },
    get tokenLifetime() {
      return world.tokenLifetime;
    },
    set tokenLifetime(seconds) {
      world.tokenLifetime = seconds;
    },
    get signsInAs() {
      return world.signsInAs;
    },
    set signsInAs(sub) {
      world.signsInAs = sub;
    },
    get isDown() {
      return world.isDown;
    },
    set isDown(down) {
      world.isDown = down;
    },
    async expireAccessTokens() {
      for (const token of issued.splice(0)) await token.destroy();
    },
    async visit(location) {
      const browser = new BrowserSession(issuer);
      let url = new URL(location);
      for (let step = 0; step < 10 && url.origin === issuer; step++) {
        const answer = await browser.request(url.href);
        const next = answer.headers.get('location');
        if (next === null) throw new Error(`the provider answered ${answer.status}: ${await answer.text()}`);
        url = new URL(next, issuer);
      }
      return url;
    },
    async forget(sub) {
      for (const id of grants.get(sub) ?? []) {
        await provider.AccessToken.revokeByGrantId(id);
        await provider.RefreshToken.revokeByGrantId(id);
        await (await provider.Grant.find(id))?.destroy();
      }
    },
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}
