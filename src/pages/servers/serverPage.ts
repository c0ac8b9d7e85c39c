import { escapeSegment } from '../../identity/urls.ts';

/** Seconds between two looks of a browser without scripts at something that is under way. */
export const refreshSeconds = 2;

/** A request that is done within this time leads straight to its end, without a page about its progress in between. */
export const quickMs = 1000;

/** The pages that are about one server. */
export type ServerPage = 'spawn' | 'spawn-pending' | 'stop' | 'delete-server';

/** The path of a page about one server: `/hub/spawn-pending/ada/gpu?next=…`. */
export function serverPage(
  page: ServerPage,
  server: { user: string; name: string; next?: string | undefined },
): string {
  const { user, name, next } = server;
  const path = `/hub/${page}/${escapeSegment(user)}${name === '' ? '' : `/${escapeSegment(name)}`}`;
  return next === undefined ? path : `${path}?next=${encodeURIComponent(next)}`;
}
