import { z } from 'zod';
import { flag, httpUrl, text, textList, textMap } from '../types.ts';
import { claim, oauthTraits } from './oauthTraits.ts';
import { oldSpelling, oneOrMore, type TraitTable, trait, traitWithDefault } from './trait.ts';

const domains = z
  .union([text, textList])
  .transform((value) =>
    (typeof value === 'string' ? [value] : value)
      .filter((domain) => domain !== '')
      .map((domain) => domain.toLowerCase()),
  )
  .meta({ title: 'text or a list of text' });

const groupsByDomain = z.record(text, textList);

/** GoogleOAuthenticator. */
export const googleTraits = {
  ...oauthTraits,
  scope: traitWithDefault(oneOrMore, 'What Google is asked for.', ['openid', 'email']),
  username_claim: traitWithDefault(claim, 'The claim that becomes the name.', 'email'),
  google_api_url: traitWithDefault(httpUrl, "Address of Google's API.", 'https://www.googleapis.com'),
  hosted_domain: traitWithDefault(
    domains,
    'Only people of these Google organizations may sign in, and they need an allow rule too. Their domain is left out of their name when there is one.',
    [],
  ),
  allowed_hosted_domains: traitWithDefault(domains, 'Lets in people of these Google organizations.', []),
  strip_domain: trait(flag, 'Whether domains of hosted_domain are left out of names. Default: when there is one.'),
  allowed_google_groups: traitWithDefault(groupsByDomain, 'Lets in members of these Google groups, by domain.', {}),
  admin_google_groups: traitWithDefault(
    groupsByDomain,
    'Members of these Google groups, by domain, are administrators, other people are not, unless admin_users names them.',
    {},
  ),
  include_nested_groups: traitWithDefault(flag, 'Whether groups in groups count.', false),
  google_service_account_keys: traitWithDefault(
    textMap,
    'By domain, the file with the key of the service account that may read groups.',
    {},
  ),
  gsuite_administrator: traitWithDefault(textMap, 'By domain, the administrator as whom it reads.', {}),
  google_group_whitelist: oldSpelling('allowed_google_groups'),
} satisfies TraitTable;
