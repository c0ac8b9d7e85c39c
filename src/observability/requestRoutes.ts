const routes = new WeakMap<Request, string>();

/** Notes which route answers a request: its path as declared (`/hub/api/users/{user}`), so that there are only so many. */
export function noteRoute(request: Request, path: string): void {
  routes.set(request, path);
}

/** The route that answered a request, or undefined when none did. */
export function routeOf(request: Request): string | undefined {
  return routes.get(request);
}
