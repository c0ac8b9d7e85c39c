/** One request of the API, as it is sent again and again. */
export interface ApiRequest {
  /** The name of the case. */
  title: string;
  method: 'GET' | 'POST';
  /** With `NAME` where the name of some user stands. */
  path: string;
  /** Whether it reports that the user was active just now. */
  reportsActivity?: boolean;
}

/** Those that the figures of the API name. */
export const apiRequests: readonly ApiRequest[] = [
  { title: 'GET /user', method: 'GET', path: '/user' },
  { title: 'GET /users/NAME', method: 'GET', path: '/users/NAME' },
  { title: 'POST /users/NAME/activity', method: 'POST', path: '/users/NAME/activity', reportsActivity: true },
  { title: 'GET /users?limit=200', method: 'GET', path: '/users?limit=200' },
];

/** The function body in Lua by which wrk makes each request, for one of so many users. */
export function luaOf({ method, path, reportsActivity }: ApiRequest, users: number): string {
  const [before = '', after = ''] = path.split('NAME');
  const name = path.includes('NAME') ? ` .. 'user-' .. math.random(0, ${users - 1}) .. '${after}'` : '';
  const body = reportsActivity
    ? `'{"last_activity": "' .. os.date('!%Y-%m-%dT%H:%M:%S') .. string.format('.%06dZ', math.random(0, 999999)) .. '"}'`
    : 'nil';
  return `return wrk.format('${method}', '/hub/api${before}'${name}, nil, ${body})`;
}
