import { z } from 'zod';
import { httpUrl, text } from '../types.ts';
import { claim, oauthTraits } from './oauthTraits.ts';
import { oldSpelling, oneOrMore, type TraitTable, trait, traitWithDefault } from './trait.ts';

/** GitLabOAuthenticator. */
export const gitlabTraits = {
  ...oauthTraits,
  username_claim: traitWithDefault(claim, "The field of GitLab's user that becomes the name.", 'username'),
  gitlab_url: traitWithDefault(httpUrl, 'Address of GitLab.', 'https://gitlab.com'),
  gitlab_api_version: traitWithDefault(z.union([text, z.int()]).transform(String), 'Version of its API.', '4'),
  gitlab_api: trait(httpUrl, 'Address of its API. Default: /api/v4 below gitlab_url.'),
  allowed_gitlab_groups: traitWithDefault(oneOrMore, 'Lets in members of these groups (group/subgroup).', []),
  allowed_project_ids: traitWithDefault(
    z.array(z.union([text, z.int()]).transform(String)),
    'Lets in developers and above of these projects.',
    [],
  ),
  gitlab_group_whitelist: oldSpelling('allowed_gitlab_groups'),
  gitlab_project_id_whitelist: oldSpelling('allowed_project_ids'),
} satisfies TraitTable;
