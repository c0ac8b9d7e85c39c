import type { z } from 'zod';
import { cilogonTraits, type identityProviders } from '../../../config/keys/authenticators/cilogonTraits.ts';
import { withDefaults } from '../../../config/keys/authenticators/trait.ts';
import type { AuthenticationSettings } from '../../../config/settings.ts';
import { AtollError } from '../../../core/errors.ts';
import type { Authenticator } from '../contract.ts';
import { notAllowed, requiredText } from '../oauth/claims.ts';
import { fixedEndpoints } from '../oauth/fixedEndpoints.ts';
import { connectionTo, createOAuthAuthenticator } from '../oauth/oauthAuthenticator.ts';
import { matchesDomain } from './matchesDomain.ts';

const service = 'CILogon';

type IdentityProvider = z.output<typeof identityProviders>[string];

/**
 * CILogon: the identity providers of thousands of institutions. What a claim means depends on who says it, so every rule is
 * one of an identity provider, and people of another one do not come in by it.
 */
export function createCILogonAuthenticator(settings: AuthenticationSettings): Authenticator {
  const written = withDefaults(cilogonTraits, settings.classes.cilogon);
  const providers = new Map(Object.entries(written.idps ?? {}));
  if (providers.size === 0)
    throw new AtollError('ATOLL_AUTHENTICATOR_INCOMPLETE', 'CILogonOAuthenticator needs allowed_idps.', {
      nextStep: 'Name the identity providers by which people may sign in; https://cilogon.org/idplist lists them.',
    });
  const traits = {
    ...written,
    // Without these two, CILogon does not say who vouches for somebody.
    scope: [...new Set([...written.scope, 'openid', 'org.cilogon.userinfo'])],
  };
  const site = `https://${traits.cilogon_host}`;
  const http = connectionTo(service, traits);

  function providerOf(user: Record<string, unknown>): IdentityProvider {
    const provider = providers.get(requiredText(user, 'idp', service));
    if (!provider) throw notAllowed('People of your institution cannot sign in here.', 'Choose another institution.');
    return provider;
  }

  function rawNameOf(user: Record<string, unknown>): string {
    const claim = providerOf(user).username_derivation?.username_claim ?? traits.username_claim;
    if (claim === undefined)
      throw new AtollError(
        'ATOLL_AUTHENTICATOR_INVALID',
        'An entry of allowed_idps has no username_derivation.username_claim.',
      );
    return requiredText(user, claim, service);
  }

  return createOAuthAuthenticator(
    {
      name: 'cilogon',
      service,
      vouchedBy: site,
      userKey: 'cilogon_user',
      variablePrefix: 'CILOGON',
      endpoints: fixedEndpoints('CILogonOAuthenticator', traits, {
        authorizeUrl: `${site}/authorize`,
        tokenUrl: `${site}/oauth2/token`,
        userdataUrl: `${site}/oauth2/userinfo`,
      }),
      authorizeParameters: {
        selected_idp: inOrder(providers).join(','),
        ...(traits.skin !== undefined && { skin: traits.skin }),
      },
      nameOf(user) {
        const name = rawNameOf(user);
        const { action, domain = '', prefix = '' } = providerOf(user).username_derivation ?? {};
        if (action === 'prefix') return `${prefix}:${name}`;
        if (action === 'strip_idp_domain' && name.toLowerCase().endsWith(`@${domain.toLowerCase()}`))
          return name.slice(0, -domain.length - 1);
        return name;
      },
      subjectOf: ({ sub }) => sub,
      judge({ user }) {
        const { allow_all, allowed_domains = [], allowed_domains_claim } = providerOf(user);
        if (allow_all === true) return { admitted: true };
        if (allowed_domains.length === 0) return {};
        const text =
          allowed_domains_claim === undefined ? rawNameOf(user) : requiredText(user, allowed_domains_claim, service);
        const domain = text.slice(text.lastIndexOf('@') + 1);
        return { admitted: allowed_domains.some((pattern) => matchesDomain(domain, pattern)) };
      },
    },
    traits,
    settings,
    http,
  );
}

/** The entity ids, the default one first: CILogon selects it. */
function inOrder(providers: ReadonlyMap<string, IdentityProvider>): string[] {
  return [...providers]
    .sort(([, a], [, b]) => Number(b.default ?? false) - Number(a.default ?? false))
    .map(([id]) => id);
}
