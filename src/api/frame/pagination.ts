import { z } from '@hono/zod-openapi';
import { AtollError } from '../../core/errors.ts';
import type { Client } from '../../identity/http/client.ts';
import { json } from './replies.ts';

/** `api_page_default_limit`, and `api_page_max_limit`, which is also the default for clients that do not ask for pages. */
const defaultLimit = 50;
const maximumLimit = 200;

const pagedType = 'application/jupyterhub-pagination+json';

/** The query parameters of a list. Checked by {@link readPage}. */
export const pageQuery = {
  offset: z.string().optional().meta({ description: 'How many to skip. Default 0.' }),
  limit: z
    .string()
    .optional()
    .meta({
      description: `How many at most, up to ${maximumLimit}. Default ${defaultLimit} with pages, else ${maximumLimit}.`,
    }),
};

/** Which part of a list a client wants. */
export interface Page {
  offset: number;
  limit: number;
  /** Whether the answer is an object with `_pagination`, or a bare list. */
  paged: boolean;
}

/** @throws AtollError `ATOLL_BAD_REQUEST` for numbers that are none. */
export function readPage(query: { offset?: string | undefined; limit?: string | undefined }, request: Request): Page {
  const paged = (request.headers.get('accept') ?? '').split(',').some((type) => type.trim().startsWith(pagedType));
  const limit = Math.max(1, Math.min(maximumLimit, read(query.limit) ?? (paged ? defaultLimit : maximumLimit)));
  return { offset: read(query.offset) ?? 0, limit, paged };
}

function read(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\s*[+-]?\d+\s*$/.test(text) ? Math.abs(Number(text)) : Number.NaN;
  if (!Number.isSafeInteger(value))
    throw new AtollError('ATOLL_BAD_REQUEST', 'Invalid argument type, offset and limit must be integers');
  return value;
}

/** A part of a list as an answer, with the address of the next part. */
export function pageReply(items: unknown[], total: number, page: Page, request: Request, client: Client): Response {
  if (!page.paged) return json(items);
  const { offset, limit } = page;
  const nextOffset = offset + limit;
  const url = new URL(request.url);
  url.searchParams.set('offset', String(nextOffset));
  url.searchParams.set('limit', String(limit));
  const next =
    nextOffset < total
      ? { offset: nextOffset, limit, url: `${client.scheme}://${client.host}${url.pathname}${url.search}` }
      : null;
  return json({ items, _pagination: { offset, limit, total, next } });
}
