import { z } from '@hono/zod-openapi';
import type { PublicUrls } from '../../identity/publicUrls.ts';
import type { Share, ShareCode, SharedServer } from '../../identity/shares/sharesTable.ts';
import { timestamp } from '../frame/timestamp.ts';

const sharedServerSchema = z
  .object({
    user: z.object({ name: z.string() }),
    name: z.string(),
    url: z.string(),
    full_url: z.string().nullable(),
    ready: z.boolean(),
  })
  .openapi('SharedServer');

const named = z.object({ name: z.string() }).nullable();

/** JupyterHub's model of a share. */
export const shareSchema = z
  .object({
    server: sharedServerSchema,
    scopes: z.array(z.string()),
    user: named,
    group: named,
    kind: z.enum(['user', 'group']),
    created_at: z.string(),
  })
  .openapi('Share');

/** JupyterHub's model of a share code. */
export const shareCodeSchema = z
  .object({
    server: sharedServerSchema,
    scopes: z.array(z.string()),
    id: z.string(),
    created_at: z.string(),
    expires_at: z.string(),
    exchange_count: z.int(),
    last_exchanged_at: z.string().nullable(),
  })
  .openapi('ShareCode');

/** The same, with the code itself: when it has just been made. */
export const newShareCodeSchema = shareCodeSchema
  .extend({ code: z.string(), accept_url: z.string(), full_accept_url: z.string().nullable() })
  .openapi('NewShareCode');

/** A share as JSON. */
export function shareModel(
  { server, grantee, scopes, createdAt }: Share,
  urls: PublicUrls,
): z.infer<typeof shareSchema> {
  return {
    server: sharedServerModel(server, urls),
    scopes,
    user: 'user' in grantee ? { name: grantee.user } : null,
    group: 'group' in grantee ? { name: grantee.group } : null,
    kind: 'user' in grantee ? 'user' : 'group',
    created_at: timestamp(createdAt),
  };
}

/** A share code as JSON. */
export function shareCodeModel(code: ShareCode, urls: PublicUrls): z.infer<typeof shareCodeSchema> {
  return {
    server: sharedServerModel(code.server, urls),
    scopes: code.scopes,
    id: `sc_${code.id}`,
    created_at: timestamp(code.createdAt),
    expires_at: timestamp(code.expiresAt),
    exchange_count: code.exchangeCount,
    last_exchanged_at: timestamp(code.lastExchangedAt),
  };
}

function sharedServerModel({ user, name, ready }: SharedServer, urls: PublicUrls): z.infer<typeof sharedServerSchema> {
  return { user: { name: user }, name, url: urls.server(user, name), full_url: urls.fullServer(user, name), ready };
}
