import { flag, httpUrl } from '../types.ts';
import { claim, oauthTraits } from './oauthTraits.ts';
import { oldSpelling, oneOrMore, type TraitTable, trait, traitWithDefault } from './trait.ts';

/** GitHubOAuthenticator. */
export const githubTraits = {
  ...oauthTraits,
  username_claim: traitWithDefault(claim, "The field of GitHub's user that becomes the name.", 'login'),
  github_url: traitWithDefault(httpUrl, 'Address of GitHub, or of an own GitHub Enterprise.', 'https://github.com'),
  github_api: trait(
    httpUrl,
    'Address of its API. Default: https://api.github.com; of an own one /api/v3 below github_url.',
  ),
  allowed_organizations: traitWithDefault(
    oneOrMore,
    'Lets in members of these organizations (org) and teams (org:team). The scope read:org shows private membership.',
    [],
  ),
  populate_teams_in_auth_state: traitWithDefault(
    flag,
    "Whether the auth state has people's teams, as teams; needs the scope read:org.",
    false,
  ),
  github_client_id: oldSpelling('client_id'),
  github_client_secret: oldSpelling('client_secret'),
  github_organization_whitelist: oldSpelling('allowed_organizations'),
} satisfies TraitTable;
