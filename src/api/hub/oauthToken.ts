import { z } from '@hono/zod-openapi';
import { OAuthError } from '../../identity/oauth/oauthError.ts';
import type { ApiFrame } from '../frame/apiFrame.ts';
import { json } from '../frame/replies.ts';
import type { HubApiOptions } from './hubApiOptions.ts';

const uncached = { 'Cache-Control': 'no-store', Pragma: 'no-cache' };

const answerSchema = z
  .object({ access_token: z.string(), token_type: z.literal('Bearer'), expires_in: z.int(), scope: z.string() })
  .openapi('AccessToken');

const errorSchema = z.object({ error: z.string(), error_description: z.string().optional() }).openapi('OAuthError');

/** The token endpoint of the OAuth provider. (The authorize endpoint shows pages, and is one of them.) */
export function addOAuthTokenRoute(frame: ApiFrame, { identity }: HubApiOptions): void {
  frame.route(
    {
      method: 'post',
      path: '/oauth2/token',
      summary: 'Exchanges an authorization code for an access token',
      access: 'open',
      query: z.object({ client_id: z.string().optional(), client_secret: z.string().optional() }),
      bodyType: 'form',
      body: z.object({
        client_id: z.string().optional(),
        client_secret: z.string().optional(),
        grant_type: z.string().optional().meta({ description: '`authorization_code`' }),
        code: z.string().optional(),
        redirect_uri: z.string().optional(),
        code_verifier: z.string().optional(),
      }),
      responses: {
        200: { description: 'An access token.', schema: answerSchema },
        400: { description: 'The code is not good, or the request is not.', schema: errorSchema },
        401: { description: 'The client is not who it says.', schema: errorSchema },
      },
    },
    async ({ query, body }) => {
      try {
        return json(await identity.oauth.token({ ...query, ...body }), 200, uncached);
      } catch (error) {
        if (error instanceof OAuthError) return json(error.toParameters(), error.status, uncached);
        throw error;
      }
    },
  );
}
