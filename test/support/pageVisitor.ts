import type { IdentityWorld } from './identityWorld.ts';

/** What a request looks like that a person makes by typing an address or clicking a link from outside the browser. */
export const typed = { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };

/** What a request looks like that a page of the hub makes by a link or a form. */
export const clicked = { ...typed, 'sec-fetch-site': 'same-origin' };

/** A browser at the pages of an {@link IdentityWorld}: keeps cookies with their paths, fills in forms' XSRF tokens. */
export class PageVisitor {
  readonly #world: IdentityWorld;
  readonly #cookies = new Map<string, { name: string; value: string; path: string; attributes: string }>();

  constructor(world: IdentityWorld) {
    this.#world = world;
  }

  /** Opens an address. Does not follow redirects. */
  async get(path: string, headers: Record<string, string> = clicked): Promise<Response> {
    return this.#send(path, { headers });
  }

  /** Loads the page with the form, and sends the form with these fields and its XSRF token. */
  async submit(path: string, fields: Record<string, string>, page = path): Promise<Response> {
    const html = await (await this.get(page)).text();
    const token = /name="_xsrf" value="([^"]+)"/.exec(html)?.[1] ?? '';
    return this.post(path, { _xsrf: token, ...fields });
  }

  /** Sends a form. */
  async post(
    path: string,
    fields: Record<string, string>,
    headers: Record<string, string> = clicked,
  ): Promise<Response> {
    return this.#send(path, { method: 'POST', headers, body: new URLSearchParams(fields) });
  }

  /** The cookies that would be sent to a path. */
  cookieHeader(path: string): string {
    return [...this.#cookies.values()]
      .filter((cookie) => path.startsWith(cookie.path))
      .sort((a, b) => b.path.length - a.path.length)
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ');
  }

  /** One cookie, with its attributes as they were set. */
  cookie(name: string): { value: string; path: string; attributes: string } | undefined {
    return [...this.#cookies.values()].find((cookie) => cookie.name === name);
  }

  /** Keeps a cookie as a script of a page beside the hub could set it. */
  toss(name: string, value: string, path: string): void {
    this.#cookies.set(`${name} ${path}`, { name, value, path, attributes: '' });
  }

  async #send(path: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    const cookies = this.cookieHeader(path.split('?')[0] ?? path);
    if (cookies !== '') headers.set('cookie', cookies);
    if (init.method === 'POST' && !headers.has('origin')) headers.set('origin', 'http://hub.test');
    const response = await this.#world.request(path, { ...init, headers });
    for (const line of response.headers.getSetCookie()) this.#keep(line);
    return response;
  }

  #keep(line: string): void {
    const [pair = '', ...attributes] = line.split('; ');
    const name = pair.slice(0, pair.indexOf('='));
    const value = pair.slice(pair.indexOf('=') + 1);
    const path = attributes.find((attribute) => attribute.startsWith('Path='))?.slice(5) ?? '/';
    if (attributes.includes('Max-Age=0')) this.#cookies.delete(`${name} ${path}`);
    else this.#cookies.set(`${name} ${path}`, { name, value, path, attributes: attributes.join('; ') });
  }
}

/** A visitor who has signed in (with the dummy authenticator, or whatever takes this password). */
export async function signedInVisitor(world: IdentityWorld, username: string, password = 'x'): Promise<PageVisitor> {
  const visitor = new PageVisitor(world);
  const response = await visitor.submit('/hub/login', { username, password });
  if (response.status !== 302) throw new Error(`sign-in answered ${response.status}`);
  return visitor;
}
