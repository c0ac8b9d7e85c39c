import { apiPrefix, escapeSegment } from '../identity/urls.ts';

/** `user/server`, the name of a server in the API, in the change feed and in logs; the default server is `ada/`. */
export function fullNameOf(user: string, name: string): string {
  return `${user}/${name}`;
}

/** The two halves of {@link fullNameOf}. Neither half can hold a slash. */
export function splitFullName(fullName: string): { user: string; name: string } {
  const slash = fullName.indexOf('/');
  return { user: fullName.slice(0, slash), name: fullName.slice(slash + 1) };
}

/** The path below which a server answers, percent-decoded as an edge route wants it: `/user/ada/`, `/user/ada/gpu/`. */
export function serverRoutePrefixOf(user: string, name: string): string {
  return name === '' ? `/user/${user}/` : `/user/${user}/${name}/`;
}

/** The path of one of the server's resources in the hub's API: `progress` gives `/hub/api/users/ada/server/progress`. */
export function serverApiPathOf(user: string, name: string, resource: string): string {
  const server = name === '' ? 'server' : `servers/${escapeSegment(name)}`;
  return `${apiPrefix}/users/${escapeSegment(user)}/${server}/${resource}`;
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
