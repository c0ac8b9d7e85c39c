import { genericTraits } from '../../../config/keys/authenticators/otherOauthTraits.ts';
import { withDefaults } from '../../../config/keys/authenticators/trait.ts';
import type { AuthenticationSettings } from '../../../config/settings.ts';
import type { Authenticator } from '../contract.ts';
import { discoveredEndpoints } from '../oauth/discoveredEndpoints.ts';
import { fixedEndpoints } from '../oauth/fixedEndpoints.ts';
import { connectionTo, createOAuthAuthenticator, nameFromClaim } from '../oauth/oauthAuthenticator.ts';

/** Any OAuth 2.0 or OpenID Connect provider, by its addresses or by its issuer. */
export function createGenericAuthenticator(settings: AuthenticationSettings): Authenticator {
  const written = withDefaults(genericTraits, settings.classes.generic);
  const groupsClaim = written.claim_groups_key ?? 'groups';
  const traits = {
    ...written,
    auth_state_groups_key: written.auth_state_groups_key ?? `oauth_user.${groupsClaim}`,
    ...(written.issuer !== undefined && { scope: written.scope ?? ['openid', 'profile', 'email'] }),
  };
  const service = settings.loginService ?? 'OAuth 2.0';
  const http = connectionTo(service, traits);
  const { issuer } = traits;
  return createOAuthAuthenticator(
    {
      name: 'generic',
      service,
      vouchedBy: issuer ?? traits.token_url ?? 'generic',
      userKey: 'oauth_user',
      endpoints:
        issuer === undefined
          ? fixedEndpoints('GenericOAuthenticator', traits)
          : discoveredEndpoints(issuer, service, traits, http),
      nameOf: nameFromClaim(traits.username_claim, service),
      subjectOf: ({ sub }) => sub,
    },
    traits,
    settings,
    http,
  );
}
