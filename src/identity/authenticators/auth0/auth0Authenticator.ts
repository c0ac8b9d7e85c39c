import { auth0Traits } from '../../../config/keys/authenticators/otherOauthTraits.ts';
import { withDefaults } from '../../../config/keys/authenticators/trait.ts';
import type { AuthenticationSettings } from '../../../config/settings.ts';
import { AtollError } from '../../../core/errors.ts';
import type { Authenticator } from '../contract.ts';
import { notAllowed } from '../oauth/claims.ts';
import { fixedEndpoints } from '../oauth/fixedEndpoints.ts';
import { connectionTo, createOAuthAuthenticator, nameFromClaim } from '../oauth/oauthAuthenticator.ts';

const service = 'Auth0';

/** Auth0. A mail address that nobody verified says nothing about whose it is, so it opens nothing. */
export function createAuth0Authenticator(settings: AuthenticationSettings): Authenticator {
  const traits = withDefaults(auth0Traits, settings.classes.auth0);
  const subdomain = traits.auth0_subdomain ?? process.env.AUTH0_SUBDOMAIN;
  const domain = traits.auth0_domain ?? process.env.AUTH0_DOMAIN ?? (subdomain && `${subdomain}.auth0.com`);
  if (!domain)
    throw new AtollError(
      'ATOLL_AUTHENTICATOR_INCOMPLETE',
      'Auth0OAuthenticator needs auth0_domain or auth0_subdomain.',
    );
  const site = `https://${domain}`;
  const http = connectionTo(service, traits);
  return createOAuthAuthenticator(
    {
      name: 'auth0',
      service,
      vouchedBy: site,
      userKey: 'auth0_user',
      endpoints: fixedEndpoints('Auth0OAuthenticator', traits, {
        authorizeUrl: `${site}/authorize`,
        tokenUrl: `${site}/oauth/token`,
        userdataUrl: `${site}/userinfo`,
      }),
      logoutUrl: `${site}/v2/logout`,
      nameOf: nameFromClaim(traits.username_claim, service),
      subjectOf: ({ sub }) => sub,
      judge({ user }) {
        if (user.email_verified !== true && !traits.allow_unverified_email)
          throw notAllowed('Your mail address is not verified at Auth0.', 'Verify it there, and sign in again.');
        return {};
      },
    },
    traits,
    settings,
    http,
  );
}
