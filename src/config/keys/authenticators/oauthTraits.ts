import { z } from 'zod';
import { flag, freeMap, httpUrl, secretText, text, textMap } from '../types.ts';
import { functionOnly, inertTrait, oneOrMore, type TraitTable, trait, traitWithDefault } from './trait.ts';

/** A claim's name; a Python function cannot be written in a values file. */
export const claim = text.min(1);

/** Traits of OAuthenticator, which every authenticator that sends people to a provider has. */
export const oauthTraits = {
  client_id: trait(text, "The hub's id at the provider."),
  client_secret: trait(secretText, "The hub's secret at the provider.", { secret: true }),
  oauth_callback_url: trait(
    httpUrl,
    'Where the provider sends people back to. Default: /hub/oauth_callback at the address that the browser used.',
  ),
  authorize_url: trait(httpUrl, 'Where people are sent to sign in.'),
  token_url: trait(httpUrl, 'Where the hub exchanges the code for a token.'),
  userdata_url: trait(httpUrl, 'Where the hub asks who somebody is.'),
  userdata_params: trait(textMap, 'More parameters for userdata_url.'),
  userdata_token_method: traitWithDefault(
    z.enum(['header', 'url']),
    'How userdata_url gets the token: as a header, or in the address.',
    'header',
  ),
  userdata_from_id_token: traitWithDefault(flag, 'Whether the ID token says who somebody is, not userdata_url.', false),
  username_claim: trait(claim, "The claim that becomes the user's name."),
  scope: trait(oneOrMore, 'What the provider is asked for.'),
  allowed_scopes: traitWithDefault(oneOrMore, 'Lets in whom the provider granted all of these scopes.', []),
  allowed_groups: traitWithDefault(oneOrMore, 'Lets in members of these groups; needs manage_groups.', []),
  admin_groups: traitWithDefault(
    oneOrMore,
    'Members of these groups are administrators, other people are not, unless admin_users names them; needs manage_groups.',
    [],
  ),
  auth_state_groups_key: trait(claim, 'Where the groups are in the auth state, such as oauth_user.groups.'),
  extra_authorize_params: traitWithDefault(
    z.record(text, z.union([text, z.number(), z.boolean()]).transform(String)),
    'More parameters for authorize_url.',
    {},
  ),
  token_params: { ...traitWithDefault(textMap, 'More parameters for token_url.', {}), secret: true },
  basic_auth: traitWithDefault(flag, 'Whether the secret is sent to token_url as HTTP Basic authentication.', false),
  enable_pkce: traitWithDefault(flag, 'Whether each sign-in is bound to its browser by PKCE too.', true),
  validate_server_cert: traitWithDefault(flag, "Whether the provider's certificate must be good.", true),
  http_request_kwargs: traitWithDefault(
    z.looseObject({ ca_certs: text.optional(), validate_cert: flag.optional() }),
    'A file of certificates to trust (ca_certs), and whether the certificate must be good (validate_cert). Nothing else of it is read.',
    {},
  ),
  custom_403_message: trait(text, 'What people read who may not come in.'),
  modify_auth_state_hook: inertTrait(text, 'Python that changes the auth state.', functionOnly),
  refresh_user_hook: inertTrait(text, 'Python that asks the provider again.', functionOnly),
  http_client: inertTrait(freeMap, 'The HTTP client.', 'Atoll has its own'),
} satisfies TraitTable;
