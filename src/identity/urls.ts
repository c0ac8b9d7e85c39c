/** Under this path everything is the hub's own. */
export const hubPrefix = '/hub/';

/** Where the hub's REST API is. */
export const apiPrefix = '/hub/api';

/** A name as a path segment: percent-encoded, with `@` and `~` left as they are (as JupyterHub's clients spell it). */
export function escapeSegment(name: string): string {
  return escapeFully(name).replaceAll('%40', '@');
}

/** A name with everything percent-encoded but letters, digits and `-._~`; fit for a cookie's name. */
export function escapeFully(name: string): string {
  return encodeURIComponent(name).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The path of a user's server: `/user/NAME/`, or `/user/NAME/SERVER/` for a named one. */
export function serverUrl(user: string, serverName = ''): string {
  const own = `/user/${escapeSegment(user)}/`;
  return serverName === '' ? own : `${own}${escapeSegment(serverName)}/`;
}
