import { oktaTraits } from '../../../config/keys/authenticators/otherOauthTraits.ts';
import { withDefaults } from '../../../config/keys/authenticators/trait.ts';
import type { AuthenticationSettings } from '../../../config/settings.ts';
import { AtollError } from '../../../core/errors.ts';
import type { Authenticator } from '../contract.ts';
import { discoveredEndpoints } from '../oauth/discoveredEndpoints.ts';
import { connectionTo, createOAuthAuthenticator, nameFromClaim } from '../oauth/oauthAuthenticator.ts';

const service = 'Okta';

/** Okta, found by its issuer. Groups are in the claim `groups`. */
export function createOktaAuthenticator(settings: AuthenticationSettings): Authenticator {
  const written = withDefaults(oktaTraits, settings.classes.okta);
  if (!written.okta_domain)
    throw new AtollError('ATOLL_AUTHENTICATOR_INCOMPLETE', 'OktaOAuthenticator needs okta_domain.');
  const traits = { ...written, auth_state_groups_key: written.auth_state_groups_key ?? 'okta_user.groups' };
  const site = /^https?:\/\//.test(written.okta_domain) ? written.okta_domain : `https://${written.okta_domain}`;
  const issuer = traits.authorization_server === '' ? site : `${site}/oauth2/${traits.authorization_server}`;
  const http = connectionTo(service, traits);
  return createOAuthAuthenticator(
    {
      name: 'okta',
      service,
      vouchedBy: issuer,
      userKey: 'okta_user',
      endpoints: discoveredEndpoints(issuer, service, traits, http),
      nameOf: nameFromClaim(traits.username_claim, service),
      subjectOf: ({ sub }) => sub,
    },
    traits,
    settings,
    http,
  );
}
