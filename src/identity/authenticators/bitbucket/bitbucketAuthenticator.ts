import { bitbucketTraits } from '../../../config/keys/authenticators/otherOauthTraits.ts';
import { withDefaults } from '../../../config/keys/authenticators/trait.ts';
import type { AuthenticationSettings } from '../../../config/settings.ts';
import type { Authenticator } from '../contract.ts';
import { asMap, badAnswer, overlaps, textsIn } from '../oauth/claims.ts';
import { fixedEndpoints } from '../oauth/fixedEndpoints.ts';
import { connectionTo, createOAuthAuthenticator, nameFromClaim } from '../oauth/oauthAuthenticator.ts';
import type { Profile } from '../oauth/provider.ts';

const service = 'Bitbucket';
const mostPages = 50;

/** Bitbucket. Members of workspaces (teams, once) can be let in. */
export function createBitbucketAuthenticator(settings: AuthenticationSettings): Authenticator {
  const traits = withDefaults(bitbucketTraits, settings.classes.bitbucket);
  const userdataUrl = traits.userdata_url ?? 'https://api.bitbucket.org/2.0/user';
  const api = userdataUrl.replace(/\/user\/?$/, '');
  const http = connectionTo(service, traits);

  /** By the id that stands in addresses: a workspace's display name is not its own alone. */
  async function workspacesOf({ tokens }: Profile): Promise<string[]> {
    const slugs: string[] = [];
    let url: string | undefined = `${api}/workspaces?role=member`;
    for (let page = 0; url !== undefined && page < mostPages; page++) {
      const { status, body } = await http.get(url, tokens.access_token);
      const list = asMap(body);
      if (status !== 200 || !Array.isArray(list?.values))
        throw badAnswer(service, `the list of workspaces: status ${status}`);
      slugs.push(...textsIn(list.values.map((entry) => asMap(entry)?.slug)));
      // The token goes to the API only.
      url = typeof list.next === 'string' && list.next.startsWith(`${api}/`) ? list.next : undefined;
    }
    return slugs;
  }

  return createOAuthAuthenticator(
    {
      name: 'bitbucket',
      service,
      vouchedBy: api,
      userKey: 'bitbucket_user',
      variablePrefix: 'BITBUCKET',
      endpoints: fixedEndpoints('BitbucketOAuthenticator', traits, {
        authorizeUrl: 'https://bitbucket.org/site/oauth2/authorize',
        tokenUrl: 'https://bitbucket.org/site/oauth2/access_token',
        userdataUrl,
      }),
      nameOf: nameFromClaim(traits.username_claim, service),
      subjectOf: ({ account_id, uuid }) => account_id ?? uuid,
      async enrich(profile) {
        profile.authState.user_teams = traits.allowed_teams.length > 0 ? await workspacesOf(profile) : [];
      },
      judge: ({ authState }) => ({ admitted: overlaps(textsIn(authState.user_teams), traits.allowed_teams) }),
    },
    traits,
    settings,
    http,
  );
}
