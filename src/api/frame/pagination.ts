import { z } from '@hono/zod-openapi';
import { AtollError } from '../../core/errors.ts';
import type { ApiClient } from './apiClient.ts';
import { json } from './replies.ts';

const pagedType = 'application/jupyterhub-pagination+json';

/** The query parameters of a list. Checked by {@link readPage}. */
export const pageQuery = {
  offset: z.string().optional().meta({ description: 'How many to skip. Default 0.' }),
  limit: z.string().optional().meta({
    description: 'How many at most: up to 200, if the settings do not say otherwise. Default 50 with pages, else 200.',
  }),
};

/** Which part of a list a client wants. */
export interface Page {
  offset: number;
  limit: number;
  /** Whether the answer is an object with `_pagination`, or a bare list. */
  paged: boolean;
}

/**
 * Reads the query parameters of a list.
 * @param options.alwaysPaged the answer is an object whatever the client accepts (lists of shares)
 * @throws AtollError `ATOLL_BAD_REQUEST` for numbers that are none.
 */
export function readPage(
  query: { offset?: string | undefined; limit?: string | undefined },
  request: Request,
  { pageLengths }: Pick<ApiClient, 'pageLengths'>,
  { alwaysPaged = false } = {},
): Page {
  const asked = (request.headers.get('accept') ?? '').split(',').some((type) => type.trim().startsWith(pagedType));
  const { longest, usual } = pageLengths;
  const limit = Math.max(1, Math.min(longest, read(query.limit) ?? (asked ? usual : longest)));
  return { offset: read(query.offset) ?? 0, limit, paged: asked || alwaysPaged };
}

function read(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\s*[+-]?\d+\s*$/.test(text) ? Math.abs(Number(text)) : Number.NaN;
  if (!Number.isSafeInteger(value))
    throw new AtollError('ATOLL_BAD_REQUEST', 'Invalid argument type, offset and limit must be integers');
  return value;
}

const paginationSchema = z
  .object({
    offset: z.int(),
    limit: z.int(),
    total: z.int(),
    next: z.object({ offset: z.int(), limit: z.int(), url: z.string() }).nullable(),
  })
  .openapi('Pagination');

/** The schema of a list that always comes as an object. */
export function listSchemaOf<Item extends z.ZodType>(item: Item, name: string) {
  return z.object({ items: z.array(item), _pagination: paginationSchema }).openapi(name);
}

/** A part of a list as an answer: bare, or for clients that ask for pages with the address of the next part. */
export function pageReply(items: unknown[], total: number, page: Page, request: Request, client: ApiClient): Response {
  return page.paged ? pagedReply(items, total, page, request, client) : json(items);
}

/** A part of a list as an object, with the address of the next part. */
export function pagedReply(
  items: unknown,
  total: number,
  { offset, limit }: Page,
  request: Request,
  client: ApiClient,
): Response {
  const nextOffset = offset + limit;
  const url = new URL(request.url);
  url.searchParams.set('offset', String(nextOffset));
  url.searchParams.set('limit', String(limit));
  const next =
    nextOffset < total ? { offset: nextOffset, limit, url: client.addressOf(url.pathname + url.search) } : null;
  return json({ items, _pagination: { offset, limit, total, next } });
}
