import { flag, httpUrl, text } from '../types.ts';
import { claim, oauthTraits } from './oauthTraits.ts';
import { oneOrMore, type TraitTable, trait, traitWithDefault } from './trait.ts';

/** GlobusOAuthenticator. */
export const globusTraits = {
  ...oauthTraits,
  scope: trait(oneOrMore, 'What Globus is asked for. Default: identity, transfer, and groups where they matter.'),
  username_claim: trait(claim, 'The claim that becomes the name, up to its @. Default: preferred_username.'),
  username_from_email: traitWithDefault(flag, 'Whether the mail address becomes the name, not the Globus name.', false),
  identity_provider: trait(
    text,
    'Only people of this institution (its domain) may sign in; they need an allow rule too.',
  ),
  allowed_globus_groups: traitWithDefault(oneOrMore, 'Lets in members of these Globus groups, by their UUID.', []),
  admin_globus_groups: traitWithDefault(
    oneOrMore,
    'Members of these Globus groups are administrators, other people are not, unless admin_users names them.',
    [],
  ),
  globus_groups_url: traitWithDefault(
    httpUrl,
    "Where the hub asks for somebody's groups.",
    'https://groups.api.globus.org/v2/groups/my_groups',
  ),
  revocation_url: traitWithDefault(
    httpUrl,
    'Where tokens are revoked.',
    'https://auth.globus.org/v2/oauth2/token/revoke',
  ),
  revoke_tokens_on_logout: traitWithDefault(flag, 'Whether signing out revokes the tokens.', false),
  exclude_tokens: traitWithDefault(oneOrMore, 'Tokens that are not kept in the auth state, by resource server.', [
    'auth.globus.org',
    'groups.api.globus.org',
  ]),
  globus_local_endpoint: traitWithDefault(text, 'For servers: GLOBUS_LOCAL_ENDPOINT.', ''),
} satisfies TraitTable;
