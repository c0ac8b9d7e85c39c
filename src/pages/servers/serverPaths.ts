import { escapeSegment, serverUrl } from '../../identity/urls.ts';

/** A page about one server: `spawn-pending` gives `/hub/spawn-pending/ada/gpu?next=…`. */
export function serverPage(page: string, user: string, name: string, next?: string): string {
  const path = `/hub/${page}/${escapeSegment(user)}${name === '' ? '' : `/${escapeSegment(name)}`}`;
  return next === undefined ? path : `${path}?next=${encodeURIComponent(next)}`;
}

/** Where a person goes once a server is ready. */
export function destination(user: string, name: string, next: string | undefined): string {
  return next ?? serverUrl(user, name);
}
