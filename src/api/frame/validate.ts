import type { z } from '@hono/zod-openapi';
import { AtollError } from '../../core/errors.ts';

/**
 * A value as its schema wants it.
 * @throws AtollError `ATOLL_BAD_REQUEST` with the first thing that is wrong. A check of the schema's own (`custom`, or any
 * with a message given in the schema) speaks for itself; others are introduced by where they are.
 */
export function validate<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  what: 'body' | 'query',
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  if (!issue) throw new AtollError('ATOLL_BAD_REQUEST', `The ${what} of the request is not valid.`);
  if (issue.code === 'custom') throw new AtollError('ATOLL_BAD_REQUEST', issue.message);
  if (issue.code === 'unrecognized_keys')
    throw new AtollError('ATOLL_BAD_REQUEST', `Invalid JSON keys: ${issue.keys.join(', ').slice(0, 200)}`);
  const place = issue.path.length === 0 ? `The ${what} of the request` : `\`${issue.path.join('.')}\``;
  throw new AtollError('ATOLL_BAD_REQUEST', `${place}: ${issue.message}`);
}
