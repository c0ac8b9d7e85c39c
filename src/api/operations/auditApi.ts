import { z } from '@hono/zod-openapi';
import { AtollError } from '../../core/errors.ts';
import type { AuditLog } from '../../observability/audit/auditLog.ts';
import type { ApiModule } from '../frame/apiModule.ts';
import { json } from '../frame/replies.ts';

const standardLimit = 50;
const maximumLimit = 1000;

const recordSchema = z
  .object({
    id: z.int(),
    time: z.string(),
    actor: z.object({
      kind: z.string(),
      name: z.string(),
      token: z.string().nullable(),
      address: z.string().nullable(),
    }),
    action: z.string(),
    target: z.string(),
    details: z.record(z.string(), z.unknown()),
  })
  .openapi('AuditRecord');

/** The audit log, for administrators. */
export function auditApi({ audit }: { audit: AuditLog }): ApiModule {
  return (frame) =>
    frame.route(
      {
        method: 'get',
        path: '/audit',
        summary: 'Shows who did what to whom, newest first',
        access: { anyOf: ['read:audit'] },
        query: z.object({
          actor: z.string().optional().meta({ description: 'Only what this user or service did.' }),
          target: z.string().optional().meta({ description: 'Only what was done to this user, group or USER/SERVER.' }),
          action: z.string().optional().meta({ description: 'Only this action, or all of a kind: `server`.' }),
          before: z.string().optional().meta({ description: 'Only entries older than the one with this id.' }),
          limit: z
            .string()
            .optional()
            .meta({ description: `How many at most, up to ${maximumLimit}. Default ${standardLimit}.` }),
        }),
        responses: {
          200: {
            description: 'The entries, and (null at the end) the `before` of the next page.',
            schema: z.object({ items: z.array(recordSchema), next: z.int().nullable() }),
          },
        },
      },
      async ({ query }) => {
        const limit = Math.max(1, Math.min(maximumLimit, numberIn(query.limit) ?? standardLimit));
        const before = numberIn(query.before);
        const items = await audit.list({
          limit,
          ...(query.actor !== undefined && { actor: query.actor }),
          ...(query.target !== undefined && { target: query.target }),
          ...(query.action !== undefined && { action: query.action }),
          ...(before !== undefined && { before }),
        });
        return json({ items, next: items.length < limit ? null : (items.at(-1)?.id ?? null) });
      },
    );
}

/** @throws AtollError `ATOLL_BAD_REQUEST` for a text that is no whole number */
function numberIn(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value)) throw new AtollError('ATOLL_BAD_REQUEST', 'limit and before must be whole numbers');
  return value;
}
