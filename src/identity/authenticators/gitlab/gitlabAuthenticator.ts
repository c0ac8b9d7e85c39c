import { gitlabTraits } from '../../../config/keys/authenticators/gitlabTraits.ts';
import { withDefaults } from '../../../config/keys/authenticators/trait.ts';
import type { AuthenticationSettings } from '../../../config/settings.ts';
import type { Authenticator } from '../contract.ts';
import { asMap, requiredText } from '../oauth/claims.ts';
import { fixedEndpoints } from '../oauth/fixedEndpoints.ts';
import { connectionTo, createOAuthAuthenticator, nameFromClaim } from '../oauth/oauthAuthenticator.ts';
import type { Profile } from '../oauth/provider.ts';

const service = 'GitLab';

/** GitLab's number for developers. */
const developer = 30;

/** gitlab.com, or an own GitLab. Members of groups and developers of projects can be let in. */
export function createGitLabAuthenticator(settings: AuthenticationSettings): Authenticator {
  const traits = withDefaults(gitlabTraits, settings.classes.gitlab);
  const site = traits.gitlab_url.replace(/\/+$/, '');
  const api = (traits.gitlab_api ?? `${site}/api/v${traits.gitlab_api_version}`).replace(/\/+$/, '');
  const http = connectionTo(service, traits);

  /** Somebody's membership, also by way of a group above; the API answers 404 for others. */
  async function membership({ user, tokens }: Profile, kind: 'groups' | 'projects', name: string) {
    const id = encodeURIComponent(requiredText(user, 'id', service));
    const url = `${api}/${kind}/${encodeURIComponent(name)}/members/all/${id}`;
    const { status, body } = await http.get(url, tokens.access_token);
    const member = status === 200 ? asMap(body) : undefined;
    // The answer must be about this very person, who must not be blocked or merely invited.
    return member && String(member.id) === String(user.id) && (member.state ?? 'active') === 'active'
      ? member
      : undefined;
  }

  return createOAuthAuthenticator(
    {
      name: 'gitlab',
      service,
      vouchedBy: site,
      userKey: 'gitlab_user',
      variablePrefix: 'GITLAB',
      endpoints: fixedEndpoints('GitLabOAuthenticator', traits, {
        authorizeUrl: `${site}/oauth/authorize`,
        tokenUrl: `${site}/oauth/token`,
        userdataUrl: `${api}/user`,
      }),
      nameOf: nameFromClaim(traits.username_claim, service),
      subjectOf: ({ id }) => id,
      async judge(profile) {
        for (const group of traits.allowed_gitlab_groups)
          if (await membership(profile, 'groups', group)) return { admitted: true };
        for (const project of traits.allowed_project_ids) {
          const member = await membership(profile, 'projects', project);
          if (Number(member?.access_level ?? 0) >= developer) return { admitted: true };
        }
        return {};
      },
    },
    traits,
    settings,
    http,
  );
}
