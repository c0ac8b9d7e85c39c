import { globusTraits } from '../../../config/keys/authenticators/globusTraits.ts';
import { withDefaults } from '../../../config/keys/authenticators/trait.ts';
import type { AuthenticationSettings } from '../../../config/settings.ts';
import type { Authenticator } from '../contract.ts';
import { asMap, badAnswer, notAllowed, overlaps, requiredText, textsIn } from '../oauth/claims.ts';
import { fixedEndpoints } from '../oauth/fixedEndpoints.ts';
import { connectionTo, createOAuthAuthenticator } from '../oauth/oauthAuthenticator.ts';
import type { Profile, TokenResponse } from '../oauth/provider.ts';

const service = 'Globus';
const groupsServer = 'groups.api.globus.org';
const groupsScope = 'urn:globus:auth:scope:groups.api.globus.org:view_my_groups_and_memberships';

/** Globus: people of many institutions, and Globus groups. The auth state has a token for each service that was asked for. */
export function createGlobusAuthenticator(settings: AuthenticationSettings): Authenticator {
  const written = withDefaults(globusTraits, settings.classes.globus);
  const { allowed_globus_groups, admin_globus_groups, username_from_email } = written;
  const readsGroups = allowed_globus_groups.length > 0 || admin_globus_groups.length > 0 || settings.manageGroups;
  const claim = written.username_claim ?? (username_from_email ? 'email' : 'preferred_username');
  const traits = {
    ...written,
    auth_state_groups_key: written.auth_state_groups_key ?? 'globus_groups',
    scope: written.scope ?? [
      'openid',
      'profile',
      'urn:globus:auth:scope:transfer.api.globus.org:all',
      ...(readsGroups ? [groupsScope] : []),
      ...(username_from_email ? ['email'] : []),
    ],
  };
  const http = connectionTo(service, traits);

  async function groupsOf({ tokens }: Profile): Promise<string[]> {
    const token = tokensOf(tokens).find((entry) => entry.resource_server === groupsServer)?.access_token;
    if (typeof token !== 'string') throw badAnswer(service, 'it gave no token for groups');
    const { status, body } = await http.get(traits.globus_groups_url, token);
    if (status !== 200 || !Array.isArray(body)) throw badAnswer(service, `the list of groups: status ${status}`);
    return textsIn(body.map((group) => (isMember(asMap(group)) ? asMap(group)?.id : undefined)));
  }

  return createOAuthAuthenticator(
    {
      name: 'globus',
      service,
      vouchedBy: 'https://auth.globus.org',
      userKey: 'globus_user',
      endpoints: fixedEndpoints('GlobusOAuthenticator', traits, {
        authorizeUrl: 'https://auth.globus.org/v2/oauth2/authorize',
        tokenUrl: 'https://auth.globus.org/v2/oauth2/token',
        userdataUrl: 'https://auth.globus.org/v2/oauth2/userinfo',
      }),
      nameOf: (user) => requiredText(user, claim, service).split('@')[0] ?? '',
      subjectOf: ({ sub }) => sub,
      async enrich(profile) {
        const { authState, tokens } = profile;
        authState.globus_groups = readsGroups ? await groupsOf(profile) : [];
        const shown = tokensOf(tokens).filter(
          ({ resource_server }) =>
            typeof resource_server === 'string' && !traits.exclude_tokens.includes(resource_server),
        );
        authState.tokens = Object.fromEntries(shown.map((entry) => [entry.resource_server, entry]));
      },
      judge({ user, authState }) {
        // The whole name is compared: otherwise `ada@evil.org` would be `ada` of any institution.
        const institution = requiredText(user, claim, service).split('@').slice(1).join('@').toLowerCase();
        if (traits.identity_provider && institution !== traits.identity_provider.toLowerCase())
          throw notAllowed(
            `Only accounts of ${traits.identity_provider} are let in here.`,
            'Link yours at app.globus.org/account, and sign in with it.',
          );
        const groups = textsIn(authState.globus_groups);
        return {
          admitted: overlaps(groups, allowed_globus_groups),
          ...(admin_globus_groups.length > 0 && { admin: overlaps(groups, admin_globus_groups) }),
        };
      },
      ...(traits.revoke_tokens_on_logout && {
        async signedOut(authState, connection) {
          const kept = Object.values(asMap(authState.tokens) ?? {}).map((entry) => asMap(entry) ?? {});
          const secrets = textsIn(kept.flatMap((entry) => [entry.access_token, entry.refresh_token]));
          const identity = Buffer.from(`${traits.client_id ?? ''}:${traits.client_secret ?? ''}`).toString('base64');
          for (const token of secrets)
            await connection.fetch(traits.revocation_url, {
              method: 'POST',
              headers: { 'Content-Type': 'application/x-www-form-urlencoded', Authorization: `Basic ${identity}` },
              body: new URLSearchParams({ token }),
            });
        },
      }),
    },
    traits,
    settings,
    http,
  );
}

/** A token for each service that was asked for: one at the top, the others in a list beside it. */
function tokensOf(tokens: TokenResponse): Record<string, unknown>[] {
  const { other_tokens, ...first } = tokens;
  const others = Array.isArray(other_tokens) ? other_tokens.map((entry) => asMap(entry) ?? {}) : [];
  return [...others, first].map(({ expires_in, resource_server, scope, token_type, refresh_token, access_token }) => ({
    expires_in,
    resource_server,
    scope,
    token_type,
    refresh_token,
    access_token,
  }));
}

/** Whether somebody is in a group now: those who were invited or asked to join are listed too. */
function isMember(group: Record<string, unknown> | undefined): boolean {
  const memberships = group?.my_memberships;
  if (!Array.isArray(memberships)) return group !== undefined;
  return memberships.some((membership) => (asMap(membership)?.status ?? 'active') === 'active');
}
