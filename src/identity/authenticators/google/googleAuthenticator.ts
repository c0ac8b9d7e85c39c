import { googleTraits } from '../../../config/keys/authenticators/googleTraits.ts';
import { withDefaults } from '../../../config/keys/authenticators/trait.ts';
import type { AuthenticationSettings } from '../../../config/settings.ts';
import type { Authenticator } from '../contract.ts';
import { notAllowed, overlaps, requiredText, textsIn } from '../oauth/claims.ts';
import { fixedEndpoints } from '../oauth/fixedEndpoints.ts';
import { connectionTo, createOAuthAuthenticator } from '../oauth/oauthAuthenticator.ts';
import { GoogleGroups } from './googleGroups.ts';

const service = 'Google';

/**
 * Google. Which organization somebody belongs to is said by the claim `hd` alone: the domain of a mail address says nothing,
 * since anybody may have a Google account with any address.
 */
export function createGoogleAuthenticator(settings: AuthenticationSettings): Authenticator {
  const traits = withDefaults(googleTraits, settings.classes.google);
  const { hosted_domain: hostedDomains, allowed_google_groups, admin_google_groups } = traits;
  const stripsDomain = traits.strip_domain ?? hostedDomains.length <= 1;
  const api = (
    process.env.GOOGLE_API_URL && !settings.classes.google?.google_api_url
      ? process.env.GOOGLE_API_URL
      : traits.google_api_url
  ).replace(/\/+$/, '');
  const readsGroups = Object.keys({ ...allowed_google_groups, ...admin_google_groups }).length > 0;
  const http = connectionTo(service, traits);
  const groups = readsGroups
    ? new GoogleGroups({
        api,
        http,
        keyFiles: traits.google_service_account_keys,
        administrators: traits.gsuite_administrator,
        nested: traits.include_nested_groups,
      })
    : undefined;

  return createOAuthAuthenticator(
    {
      name: 'google',
      service,
      vouchedBy: 'https://accounts.google.com',
      userKey: 'google_user',
      endpoints: fixedEndpoints('GoogleOAuthenticator', traits, {
        authorizeUrl: 'https://accounts.google.com/o/oauth2/v2/auth',
        tokenUrl: `${api}/oauth2/v4/token`,
        userdataUrl: `${api}/oauth2/v1/userinfo`,
      }),
      nameOf(user) {
        const name = requiredText(user, traits.username_claim, service);
        const domain = domainOf(user);
        return stripsDomain &&
          domain !== undefined &&
          hostedDomains.includes(domain) &&
          name.toLowerCase().endsWith(`@${domain}`)
          ? name.slice(0, -domain.length - 1)
          : name;
      },
      subjectOf: ({ id, sub }) => id ?? sub,
      async enrich({ user }) {
        const domain = domainOf(user);
        user.domain = domain ?? null;
        // Only of an organization's people: anybody may have a Google account with another's mail address.
        const managed = groups !== undefined && domain !== undefined && typeof user.hd === 'string';
        user.google_groups = managed ? await groups.of(requiredText(user, 'email', service), domain) : [];
      },
      judge({ user }) {
        if (user.verified_email !== true && user.email_verified !== true)
          throw notAllowed('Your mail address is not verified at Google.', 'Verify it there, and sign in again.');
        const organization = typeof user.hd === 'string' ? user.hd.toLowerCase() : undefined;
        if (hostedDomains.length > 0 && (organization === undefined || !hostedDomains.includes(organization)))
          throw notAllowed('Your Google account belongs to another organization.');
        const own = textsIn(user.google_groups);
        const isIn = (byDomain: Record<string, string[]>): boolean =>
          overlaps(own, byDomain[domainOf(user) ?? ''] ?? []);
        return {
          admitted:
            (organization !== undefined && traits.allowed_hosted_domains.includes(organization)) ||
            isIn(allowed_google_groups),
          ...(Object.keys(admin_google_groups).length > 0 && { admin: isIn(admin_google_groups) }),
        };
      },
    },
    traits,
    settings,
    http,
  );
}

/** The domain of somebody's mail address. */
function domainOf({ email }: Record<string, unknown>): string | undefined {
  return typeof email === 'string' && email.includes('@')
    ? email.slice(email.lastIndexOf('@') + 1).toLowerCase()
    : undefined;
}
