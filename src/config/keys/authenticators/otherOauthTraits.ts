import { flag, httpUrl, text } from '../types.ts';
import { claim, oauthTraits } from './oauthTraits.ts';
import { inertTrait, oldSpelling, oneOrMore, type TraitTable, trait, traitWithDefault } from './trait.ts';

/** GenericOAuthenticator: any OAuth 2.0 or OpenID Connect provider. */
export const genericTraits = {
  ...oauthTraits,
  issuer: trait(
    httpUrl,
    "The OpenID provider's issuer. With it, all addresses below are found there, and ID tokens are checked in full.",
  ),
  username_claim: traitWithDefault(claim, 'The claim that becomes the name.', 'username'),
  claim_groups_key: trait(claim, 'The claim with the groups; auth_state_groups_key today.'),
  username_key: oldSpelling('username_claim'),
  extra_params: oldSpelling('token_params'),
  tls_verify: oldSpelling('validate_server_cert'),
} satisfies TraitTable;

/** Auth0OAuthenticator. */
export const auth0Traits = {
  ...oauthTraits,
  scope: traitWithDefault(oneOrMore, 'What Auth0 is asked for.', ['openid', 'email', 'profile']),
  username_claim: traitWithDefault(claim, 'The claim that becomes the name.', 'email'),
  auth0_domain: trait(text, 'Your domain at Auth0, such as example.eu.auth0.com.'),
  auth0_subdomain: trait(text, 'The same without .auth0.com.'),
  allow_unverified_email: traitWithDefault(flag, 'Whether mail addresses that nobody verified are taken.', false),
  username_key: oldSpelling('username_claim'),
} satisfies TraitTable;

/** OktaOAuthenticator, Atoll's own: others use GenericOAuthenticator for Okta. */
export const oktaTraits = {
  ...oauthTraits,
  scope: traitWithDefault(oneOrMore, 'What Okta is asked for.', [
    'openid',
    'email',
    'profile',
    'groups',
    'offline_access',
  ]),
  username_claim: traitWithDefault(claim, 'The claim that becomes the name.', 'preferred_username'),
  okta_domain: trait(text, 'Your domain at Okta, such as example.okta.com.'),
  authorization_server: traitWithDefault(text, "The authorization server; empty: the organization's own.", 'default'),
} satisfies TraitTable;

/** AzureAdOAuthenticator: Microsoft Entra ID. */
export const azureAdTraits = {
  ...oauthTraits,
  username_claim: traitWithDefault(claim, 'The claim that becomes the name.', 'name'),
  auth_state_groups_key: traitWithDefault(claim, 'Where the groups are in the auth state.', 'user.groups'),
  tenant_id: trait(text, "The tenant's id."),
  graph_url: traitWithDefault(httpUrl, 'Address of the cloud.', 'https://login.microsoftonline.com'),
  user_groups_claim: trait(claim, 'The claim with the groups; auth_state_groups_key today.'),
} satisfies TraitTable;

/** BitbucketOAuthenticator. */
export const bitbucketTraits = {
  ...oauthTraits,
  username_claim: traitWithDefault(claim, "The field of Bitbucket's user that becomes the name.", 'username'),
  allowed_teams: traitWithDefault(oneOrMore, 'Lets in members of these workspaces, by their id in addresses.', []),
  team_whitelist: oldSpelling('allowed_teams'),
} satisfies TraitTable;

/** OpenShiftOAuthenticator. */
export const openshiftTraits = {
  ...oauthTraits,
  scope: traitWithDefault(oneOrMore, 'What OpenShift is asked for.', ['user:info']),
  auth_state_groups_key: traitWithDefault(claim, 'Where the groups are in the auth state.', 'openshift_user.groups'),
  openshift_url: traitWithDefault(httpUrl, 'Address of the cluster.', 'https://openshift.default.svc.cluster.local'),
  openshift_auth_api_url: trait(httpUrl, 'Address of its OAuth server. Default: what the cluster says itself.'),
  openshift_rest_api_url: trait(httpUrl, 'Address of its API. Default: openshift_url.'),
  ca_certs: trait(text, 'A file of certificates to trust; http_request_kwargs today.'),
  validate_cert: oldSpelling('validate_server_cert'),
} satisfies TraitTable;

/** MWOAuthenticator: MediaWiki, which speaks OAuth 1.0a. */
export const mediawikiTraits = {
  client_id: oauthTraits.client_id,
  client_secret: oauthTraits.client_secret,
  oauth_callback_url: oauthTraits.oauth_callback_url,
  custom_403_message: oauthTraits.custom_403_message,
  validate_server_cert: oauthTraits.validate_server_cert,
  http_request_kwargs: oauthTraits.http_request_kwargs,
  mw_index_url: traitWithDefault(
    httpUrl,
    "Full address of the wiki's index.php.",
    'https://meta.wikimedia.org/w/index.php',
  ),
  executor_threads: inertTrait(text, 'Threads for MediaWiki.', 'Atoll needs none'),
} satisfies TraitTable;
