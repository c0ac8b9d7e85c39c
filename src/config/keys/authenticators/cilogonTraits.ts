import { z } from 'zod';
import { closedMap, flag, text, textList } from '../types.ts';
import { claim, oauthTraits } from './oauthTraits.ts';
import { oldSpelling, oneOrMore, type TraitTable, trait, traitWithDefault } from './trait.ts';

const derivation = closedMap({
  username_claim: claim.optional(),
  action: z.enum(['strip_idp_domain', 'prefix']).optional(),
  domain: text.optional(),
  prefix: text.optional(),
})
  .refine(({ action, domain }) => action !== 'strip_idp_domain' || domain !== undefined, 'needs a domain')
  .refine(({ action, prefix }) => action !== 'prefix' || prefix !== undefined, 'needs a prefix');

const identityProvider = closedMap({
  username_derivation: derivation.optional(),
  allow_all: flag.optional(),
  allowed_domains: textList.optional(),
  allowed_domains_claim: claim.optional(),
  default: flag.optional(),
});

/** The identity providers behind CILogon that count, by their entity id. */
export const identityProviders = z.record(
  text.regex(/^(?:https?|urn):/, 'is no entity id: see https://cilogon.org/idplist'),
  identityProvider,
);

/** CILogonOAuthenticator. */
export const cilogonTraits = {
  ...oauthTraits,
  scope: traitWithDefault(oneOrMore, 'What CILogon is asked for.', [
    'openid',
    'email',
    'org.cilogon.userinfo',
    'profile',
  ]),
  username_claim: trait(
    claim,
    'The claim that becomes the name, where a provider has no username_derivation of its own.',
  ),
  cilogon_host: traitWithDefault(text, 'Host of CILogon.', 'cilogon.org'),
  idps: trait(
    identityProviders,
    'The identity providers by which people may sign in, by entity id; whom each lets in, and how it names them.',
  ),
  allowed_idps: oldSpelling('idps'),
  skin: trait(text, 'How CILogon looks.'),
} satisfies TraitTable;
