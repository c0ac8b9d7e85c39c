import { z } from '@hono/zod-openapi';
import type { Identity } from '../../identity/identity.ts';
import type { ScopeSet } from '../../identity/scopes/scopeSet.ts';
import type { Service } from '../../identity/services.ts';

/** A service as the API shows it. Which keys there are depends on the caller's scopes. */
export const serviceSchema = z
  .object({
    kind: z.literal('service'),
    name: z.string(),
    admin: z.boolean(),
    roles: z.array(z.string()).optional(),
    url: z.string().optional(),
    prefix: z.string().optional(),
    pid: z.int().optional(),
    command: z.array(z.string()).optional(),
    info: z.record(z.string(), z.unknown()).optional(),
    display: z.boolean().optional(),
  })
  .openapi('Service');

/** A service as JSON, limited to what the scopes let the caller see of it. */
export function serviceModel(service: Service, scopes: ScopeSet, { roles }: Identity): Record<string, unknown> {
  const may = (scope: string): boolean => scopes.allows(scope, { service: service.name });
  const { name, admin } = service;
  return {
    kind: 'service',
    name,
    ...((may('read:services:name') || may('read:roles:services')) && { admin }),
    ...(may('read:roles:services') && { roles: roles.ofService(service) }),
    ...(may('read:services') && {
      url: service.url ?? '',
      prefix: service.url === undefined ? '' : service.prefix,
      pid: service.pid ?? 0,
      command: service.command ?? [],
      info: service.info,
      display: service.display,
    }),
  };
}
