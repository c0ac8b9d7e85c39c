import { AtollError } from '../../core/errors.ts';
import { identifyScopesOf } from '../../identity/scopes/effectiveScopes.ts';
import { ScopeSet } from '../../identity/scopes/scopeSet.ts';
import type { ApiFrame } from '../frame/apiFrame.ts';
import { json } from '../frame/replies.ts';
import type { HubApiOptions } from './hubApiOptions.ts';
import { serviceSchema } from './serviceModel.ts';
import { userModel, userSchema } from './userModel.ts';

/**
 * How services of JupyterHub before 0.8 found out whose token they were given: they learn who it is, and what they may see of
 * that user anyway.
 */
export function addAuthorizationRoutes(frame: ApiFrame, options: HubApiOptions): void {
  const { identity } = options;
  frame.route(
    {
      method: 'get',
      path: '/authorizations/token/{token}',
      summary: 'Whose token this is; use GET /user with that token instead',
      access: 'identified',
      deprecated: true,
      responses: { 200: { description: 'The owner of the token.', schema: userSchema.or(serviceSchema) } },
    },
    async ({ params, via, principal }) => {
      if (via !== 'token') throw new AtollError('ATOLL_FORBIDDEN', 'Only for callers with a token');
      const owner = await identity.fromToken(params.token);
      if (owner?.kind === 'service') return json({ kind: owner.kind, name: owner.name, admin: owner.admin });
      const user = owner && (await identity.users.get(owner.name));
      if (!user) throw new AtollError('ATOLL_NOT_FOUND', 'There is no such token.');
      const seen = principal.scopes.union(ScopeSet.of(identifyScopesOf(user.name)));
      return json(await userModel(user, seen, options));
    },
  );
}
