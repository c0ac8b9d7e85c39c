import { z } from '@hono/zod-openapi';
import { AtollError } from '../../core/errors.ts';
import { identifyScopesOf } from '../../identity/scopes/effectiveScopes.ts';
import { ScopeSet } from '../../identity/scopes/scopeSet.ts';
import type { ApiFrame } from '../frame/apiFrame.ts';
import { json } from '../frame/replies.ts';
import type { HubApiOptions } from './hubApiOptions.ts';
import { serviceModel } from './serviceModel.ts';
import { userModel, userSchema } from './userModel.ts';

const selfSchema = userSchema
  .extend({
    kind: z.enum(['user', 'service']),
    token_id: z.string().nullable(),
    session_id: z.string().nullable(),
    scopes: z.array(z.string()),
  })
  .openapi('Self');

/** `GET /user`: by this, services and servers find out whose token they were given. */
export function addSelfRoute(frame: ApiFrame, options: HubApiOptions): void {
  const { identity } = options;
  frame.route(
    {
      method: 'get',
      path: '/user',
      summary: 'Who the caller is',
      access: 'identified',
      responses: { 200: { description: 'The caller, as far as the scopes permit.', schema: selfSchema } },
    },
    async ({ principal, via }) => {
      const about = {
        token_id: principal.tokenId ?? null,
        // A login's own session id is for the OAuth tokens that come from it.
        session_id: via === 'token' ? (principal.sessionId ?? null) : null,
        scopes: principal.scopes.toList(),
      };
      if (principal.kind === 'service') {
        const service = identity.services.get(principal.name);
        if (!service) throw new AtollError('ATOLL_NOT_FOUND', 'There is no such service any more.');
        const own = ScopeSet.of([`read:services:name!service=${service.name}`]);
        return json({ ...serviceModel(service, principal.scopes.union(own), identity), ...about });
      }
      const user = await identity.users.get(principal.name);
      if (!user) throw new AtollError('ATOLL_UNAUTHENTICATED', 'Missing or invalid credentials.');
      const scopes = principal.scopes.union(ScopeSet.of(identifyScopesOf(user.name)));
      return json({ ...(await userModel(user, scopes, options)), ...about });
    },
  );
}
