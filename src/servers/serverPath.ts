/** Escapes one segment of a URL path as JupyterHub does: everything but letters, digits and `_.-~@`. */
export function escapeSegment(segment: string): string {
  return encodeURIComponent(segment)
    .replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%40', '@');
}

/** `user/server`, the name of a server in the API, in the change feed and in logs; the default server is `ada/`. */
export function fullNameOf(user: string, name: string): string {
  return `${user}/${name}`;
}

/** The two halves of {@link fullNameOf}. Neither half can hold a slash. */
export function splitFullName(fullName: string): { user: string; name: string } {
  const slash = fullName.indexOf('/');
  return { user: fullName.slice(0, slash), name: fullName.slice(slash + 1) };
}

/** The path below which a server answers, escaped: `/user/ada/`, `/user/ada/gpu/`. */
export function serverPathOf(user: string, name: string): string {
  return name === '' ? `/user/${escapeSegment(user)}/` : `/user/${escapeSegment(user)}/${escapeSegment(name)}/`;
}

/** The same path for a {@link HttpRoute}, which wants it percent-decoded. */
export function serverRoutePrefixOf(user: string, name: string): string {
  return name === '' ? `/user/${user}/` : `/user/${user}/${name}/`;
}

/** The path of one of the server's resources in the hub's API: `progress` gives `/hub/api/users/ada/server/progress`. */
export function serverApiPathOf(user: string, name: string, resource: string): string {
  const server = name === '' ? 'server' : `servers/${escapeSegment(name)}`;
  return `/hub/api/users/${escapeSegment(user)}/${server}/${resource}`;
}

const routeIdStart = 'server:';

/** The id of a server's route, under which the edge reports its traffic. */
export function serverRouteIdOf(user: string, name: string): string {
  return routeIdStart + fullNameOf(user, name);
}

/** Which server a route id stands for; undefined when it is a route of something else. */
export function serverOfRouteId(routeId: string): { user: string; name: string } | undefined {
  return routeId.startsWith(routeIdStart) ? splitFullName(routeId.slice(routeIdStart.length)) : undefined;
}
