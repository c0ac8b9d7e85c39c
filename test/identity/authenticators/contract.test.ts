import { afterAll, beforeAll } from 'vitest';
import type { AuthenticationSettings, AuthenticatorName } from '../../../src/config/settings.ts';
import type { Authenticator } from '../../../src/identity/authenticators/contract.ts';
import { type FakeProvider, startFakeProvider } from '../../support/fakeProvider.ts';
import { openIdentityWorld } from '../../support/identityWorld.ts';
import { authenticatorContract } from '../authenticators.contract.ts';

// Those with a form, whose people are made where they are tested (native, LDAP, PAM), pass the contract there.

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
  const { url } = provider;
  provider.routes = {
    '/.well-known/openid-configuration': {
      body: {
        issuer: url,
        authorization_endpoint: `${url}/authorize`,
        token_endpoint: `${url}/token`,
        userinfo_endpoint: `${url}/me`,
      },
    },
    '/.well-known/oauth-authorization-server': { body: { issuer: url } },
    '/w/index.php': () => ({ body: { key: `key-${Math.random()}`, secret: 'of-the-token' } }),
  };
});
afterAll(() => provider.close());

async function open(
  authenticator: AuthenticatorName,
  classes: AuthenticationSettings['classes'],
): Promise<{ authenticator: Authenticator; close: () => Promise<void> }> {
  const world = await openIdentityWorld({ authentication: { authenticator, classes } });
  const [method] = world.identity.methods;
  if (!method) throw new Error('there is no way to sign in');
  return { authenticator: method.authenticator, close: () => world.close() };
}

const client = { client_id: 'the-hub', client_secret: 'not-to-be-seen-secret' };
const urls = () => ({
  ...client,
  authorize_url: `${provider.url}/authorize`,
  token_url: `${provider.url}/token`,
  userdata_url: `${provider.url}/me`,
});
const google = 'http://google.com/accounts/o8/id';

const classes: {
  [N in keyof Required<AuthenticationSettings['classes']>]?: () => AuthenticationSettings['classes'][N];
} = {
  generic: urls,
  github: () => client,
  gitlab: () => client,
  google: () => client,
  globus: () => client,
  cilogon: () => ({ ...client, idps: { [google]: { username_derivation: { username_claim: 'email' } } } }),
  auth0: () => ({ ...client, auth0_subdomain: 'example' }),
  okta: () => ({ ...client, okta_domain: provider.url, authorization_server: '' }),
  azuread: () => ({ ...client, tenant_id: 'common' }),
  bitbucket: () => client,
  openshift: () => ({ ...client, openshift_url: provider.url }),
  mediawiki: () => ({ ...client, mw_index_url: `${provider.url}/w/index.php` }),
  remoteuser: () => ({ trusted_proxies: ['10.0.0.1'] }),
  tmp: () => ({}),
};
for (const [name, traits] of Object.entries(classes))
  authenticatorContract(name, {
    open: () => open(name as AuthenticatorName, { [name]: traits() }),
    wrong: [],
  });

authenticatorContract('null', { open: () => open('null', {}), wrong: [] });

authenticatorContract('lti13', {
  open: () =>
    open('lti13', {
      lti13: {
        issuer: 'https://canvas.example',
        client_id: ['tool'],
        authorize_url: 'https://canvas.example/auth',
        jwks_endpoint: 'https://canvas.example/jwks',
      },
    }),
  begunWith: { iss: 'https://canvas.example', login_hint: 'hint', target_link_uri: 'https://hub.example/hub/' },
  wrong: [],
});
