import { z } from 'zod';
import { httpUrl, text } from '../types.ts';
import { type TraitTable, trait, traitWithDefault } from './trait.ts';

/** LTI13Authenticator: people come from a course of a learning platform. */
export const lti13Traits = {
  issuer: trait(text, "The platform's issuer identifier."),
  client_id: traitWithDefault(
    z.union([text, z.array(text)]).transform((ids) => (typeof ids === 'string' ? [ids] : ids)),
    "The hub's ids at the platform.",
    [],
  ),
  authorize_url: trait(httpUrl, "The platform's authorization endpoint."),
  jwks_endpoint: trait(httpUrl, "Where the platform's public keys are."),
  jwks_algorithms: traitWithDefault(
    z.array(z.enum(['RS256', 'RS384', 'RS512', 'PS256', 'ES256', 'ES384'])),
    'Signatures that are taken.',
    ['RS256'],
  ),
  username_key: traitWithDefault(
    text,
    "The claim that becomes the user's name; custom_NAME is the custom parameter NAME.",
    'email',
  ),
  uri_scheme: traitWithDefault(z.enum(['auto', 'https', 'http']), "Scheme of the hub's addresses.", 'auto'),
  tool_name: traitWithDefault(text, 'What the platform calls the hub.', 'Atoll'),
  tool_description: traitWithDefault(text, 'How the platform describes it.', 'Notebooks and Dask clusters'),
} satisfies TraitTable;
