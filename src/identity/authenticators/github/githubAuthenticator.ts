import { githubTraits } from '../../../config/keys/authenticators/githubTraits.ts';
import { withDefaults } from '../../../config/keys/authenticators/trait.ts';
import type { AuthenticationSettings } from '../../../config/settings.ts';
import { AtollError } from '../../../core/errors.ts';
import type { Authenticator } from '../contract.ts';
import { asMap, badAnswer, requiredText } from '../oauth/claims.ts';
import { fixedEndpoints } from '../oauth/fixedEndpoints.ts';
import { connectionTo, createOAuthAuthenticator, nameFromClaim } from '../oauth/oauthAuthenticator.ts';
import type { Profile } from '../oauth/provider.ts';

const service = 'GitHub';
const className = 'GitHubOAuthenticator';

/** So many pages of teams are read, of a hundred each. */
const mostPages = 20;

/** github.com, or an own GitHub Enterprise. Members of organizations and teams can be let in. */
export function createGitHubAuthenticator(settings: AuthenticationSettings): Authenticator {
  const traits = withDefaults(githubTraits, settings.classes.github);
  const { populate_teams_in_auth_state } = traits;
  const site = (
    process.env.GITHUB_URL && !settings.classes.github?.github_url ? process.env.GITHUB_URL : traits.github_url
  ).replace(/\/+$/, '');
  const api = (
    traits.github_api ?? (site === 'https://github.com' ? 'https://api.github.com' : `${site}/api/v3`)
  ).replace(/\/+$/, '');
  const rules = traits.allowed_organizations.map(parseRule);
  const http = connectionTo(service, traits);
  const nameOf = nameFromClaim(traits.username_claim, service);

  /**
   * Whether somebody is in an organization, or in a team of it: the API answers 204 for members. Without the scope read:org it
   * refers to the public members.
   */
  async function isMember({ user, tokens }: Profile, { organization, team }: OrganizationRule): Promise<boolean> {
    // By GitHub's own name for them: the one here may be mapped.
    const login = encodeURIComponent(requiredText(user, 'login', service));
    const base = `${api}/orgs/${encodeURIComponent(organization)}`;
    const statusOf = async (path: string): Promise<number> =>
      (await http.get(`${base}/${path}/${login}`, tokens.access_token)).status;
    if (team !== undefined) return (await statusOf(`teams/${encodeURIComponent(team)}/members`)) === 204;
    const status = await statusOf('members');
    return status === 204 || (status === 302 && (await statusOf('public_members')) === 204);
  }

  async function privateEmail({ tokens }: Profile): Promise<string | undefined> {
    const { body } = await http.get(`${api}/user/emails`, tokens.access_token);
    const primary = (Array.isArray(body) ? body : []).map(asMap).find((entry) => entry?.primary === true);
    return typeof primary?.email === 'string' && primary.verified === true ? primary.email : undefined;
  }

  async function teamsOf({ tokens }: Profile): Promise<unknown[]> {
    const teams: unknown[] = [];
    let url: string | undefined = `${api}/user/teams?per_page=100`;
    for (let page = 0; url !== undefined && page < mostPages; page++) {
      const { status, body, headers } = await http.get(url, tokens.access_token);
      if (status !== 200 || !Array.isArray(body)) throw badAnswer(service, `the list of teams: status ${status}`);
      teams.push(...body);
      url = nextPage(headers.get('link'), api);
    }
    return teams;
  }

  if (populate_teams_in_auth_state && !(traits.scope ?? []).includes('read:org'))
    throw new AtollError('ATOLL_AUTHENTICATOR_INVALID', 'populate_teams_in_auth_state needs the scope read:org.');
  return createOAuthAuthenticator(
    {
      name: 'github',
      service,
      vouchedBy: site,
      userKey: 'github_user',
      variablePrefix: 'GITHUB',
      endpoints: fixedEndpoints(className, traits, {
        authorizeUrl: `${site}/login/oauth/authorize`,
        tokenUrl: `${site}/login/oauth/access_token`,
        userdataUrl: `${api}/user`,
      }),
      nameOf,
      subjectOf: ({ id }) => id,
      async enrich(profile) {
        const { user, grantedScopes, authState } = profile;
        if (!user.email && (grantedScopes.includes('user') || grantedScopes.includes('user:email')))
          user.email = (await privateEmail(profile)) ?? null;
        if (populate_teams_in_auth_state) authState.teams = await teamsOf(profile);
      },
      async judge(profile) {
        for (const rule of rules) if (await isMember(profile, rule)) return { admitted: true };
        return {};
      },
    },
    traits,
    settings,
    http,
  );
}

interface OrganizationRule {
  organization: string;
  /** Undefined: any member of the organization. */
  team: string | undefined;
}

/** Reads `org` or `org:team`. */
function parseRule(text: string): OrganizationRule {
  const [organization = '', team, ...more] = text.split(':');
  if (organization === '' || team === '' || more.length > 0)
    throw new AtollError(
      'ATOLL_AUTHENTICATOR_INVALID',
      'An entry of allowed_organizations is neither org nor org:team.',
      {
        evidence: text.slice(0, 100),
      },
    );
  return { organization, team };
}

/** The next page that a `Link` header names, if it is of the same API: the token goes nowhere else. */
export function nextPage(link: string | null, api: string): string | undefined {
  const next = /<([^>]+)>\s*;[^,]*\brel="?next"?/.exec(link ?? '')?.[1];
  return next?.startsWith(`${api}/`) ? next : undefined;
}
