import { azureAdTraits } from '../../../config/keys/authenticators/otherOauthTraits.ts';
import { withDefaults } from '../../../config/keys/authenticators/trait.ts';
import type { AuthenticationSettings } from '../../../config/settings.ts';
import type { Authenticator } from '../contract.ts';
import { notAllowed } from '../oauth/claims.ts';
import { fixedEndpoints } from '../oauth/fixedEndpoints.ts';
import { connectionTo, createOAuthAuthenticator, nameFromClaim } from '../oauth/oauthAuthenticator.ts';

const service = 'Azure AD';
const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** Microsoft Entra ID, formerly Azure Active Directory. The ID token says who somebody is. */
export function createAzureAdAuthenticator(settings: AuthenticationSettings): Authenticator {
  const written = withDefaults(azureAdTraits, settings.classes.azuread);
  const { user_groups_claim, graph_url } = written;
  const traits = user_groups_claim ? { ...written, auth_state_groups_key: `user.${user_groups_claim}` } : written;
  const tenant = traits.tenant_id ?? process.env.AAD_TENANT_ID;
  const site = `${graph_url.replace(/\/+$/, '')}${tenant ? `/${tenant}` : ''}`;
  const http = connectionTo(service, traits);
  return createOAuthAuthenticator(
    {
      name: 'azuread',
      service,
      vouchedBy: site,
      userKey: 'user',
      userFromIdToken: true,
      endpoints: fixedEndpoints(
        'AzureAdOAuthenticator',
        traits,
        { authorizeUrl: `${site}/oauth2/authorize`, tokenUrl: `${site}/oauth2/token` },
        true,
      ),
      nameOf: nameFromClaim(traits.username_claim, service),
      // A person is known by this across applications; `sub` is another one for each.
      subjectOf: ({ oid, sub }) => oid ?? sub,
      judge({ user }) {
        // Whoever has a tenant of their own can give its people any name.
        if (
          tenant &&
          uuid.test(tenant) &&
          user.tid !== undefined &&
          (typeof user.tid !== 'string' || user.tid.toLowerCase() !== tenant.toLowerCase())
        )
          throw notAllowed('Your account belongs to another organization.');
        return {};
      },
    },
    traits,
    settings,
    http,
  );
}
