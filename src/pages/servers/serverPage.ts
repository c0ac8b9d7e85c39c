import { escapeSegment } from '../../identity/urls.ts';

/** The pages that are about one server. */
export type ServerPage = 'spawn' | 'spawn-pending' | 'restart' | 'stop' | 'delete-server';

/** The path of a page about one server: `/hub/spawn-pending/ada/gpu?next=…`. */
export function serverPage(
  page: ServerPage,
  server: { user: string; name: string; next?: string | undefined },
): string {
  const { user, name, next } = server;
  const path = `/hub/${page}/${escapeSegment(user)}${name === '' ? '' : `/${escapeSegment(name)}`}`;
  return next === undefined ? path : `${path}?next=${encodeURIComponent(next)}`;
}
