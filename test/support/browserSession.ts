import { request } from 'undici';

/** One request of a {@link BrowserSession}. */
export interface BrowserRequest {
  /** Default: GET, or POST with a form. */
  method?: string;
  /** An empty value leaves out a header that would be sent otherwise. */
  headers?: Record<string, string>;
  body?: string | URLSearchParams;
  /** The fields of a form to send. */
  form?: Record<string, string>;
}

/** What a browser keeps between requests, as far as tests need it: cookies by path, and redirects followed by hand. */
export class BrowserSession {
  readonly #origin: string;
  readonly #cookies = new Map<string, { value: string; path: string }>();

  constructor(origin: string) {
    this.#origin = origin;
  }

  /**
   * Requests a path (or a URL of this origin) as a navigation or form post; does not follow redirects. Headers are sent as
   * they are given, also those that `fetch` reserves for itself (`Sec-Fetch-…`).
   */
  async request(path: string, init: BrowserRequest = {}): Promise<Response> {
    const url = new URL(path, this.#origin);
    const headers = new Headers(init.headers);
    const cookies = [...this.#cookies].filter(([, cookie]) => url.pathname.startsWith(cookie.path));
    if (cookies.length > 0)
      headers.set('cookie', cookies.map(([key, cookie]) => `${nameOf(key)}=${cookie.value}`).join('; '));
    if (!headers.has('sec-fetch-mode')) headers.set('sec-fetch-mode', 'navigate');
    // An address that a person types in, or a form on one of the hub's own pages.
    const isForm = (init.method ?? 'GET') !== 'GET' || init.form !== undefined;
    if (!headers.has('sec-fetch-site')) headers.set('sec-fetch-site', isForm ? 'same-origin' : 'none');
    if (!headers.has('sec-fetch-dest')) headers.set('sec-fetch-dest', 'document');
    if (init.form) headers.set('content-type', 'application/x-www-form-urlencoded');
    const response = await send(url, init.method ?? (init.form ? 'POST' : 'GET'), headers, init.form ?? init.body);
    for (const line of response.headers.getSetCookie()) this.#keep(line, url);
    return response;
  }

  /** Follows redirects, 20 at most; returns the last answer. */
  async visit(path: string, init: BrowserRequest = {}): Promise<Response> {
    let response = await this.request(path, init);
    for (let step = 0; step < 20 && response.status >= 300 && response.status < 400; step++) {
      const next = new URL(response.headers.get('location') ?? '/', response.url || this.#origin);
      response = await this.request(next.href);
    }
    return response;
  }

  /** The value of a cookie, whatever its path (the longest wins). */
  cookie(name: string): string | undefined {
    return [...this.#cookies]
      .filter(([key]) => nameOf(key) === name)
      .sort(([, a], [, b]) => b.path.length - a.path.length)[0]?.[1].value;
  }

  #keep(line: string, url: URL): void {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
    const name = pair.slice(0, pair.indexOf('='));
    const value = pair.slice(pair.indexOf('=') + 1);
    const attribute = (wanted: string): string | undefined =>
      attributes.find((text) => text.toLowerCase().startsWith(`${wanted}=`))?.slice(wanted.length + 1);
    const path = attribute('path') ?? url.pathname;
    const expires = attribute('expires');
    const gone = attribute('max-age') === '0' || (expires !== undefined && new Date(expires).getTime() < Date.now());
    if (gone) this.#cookies.delete(`${name} ${path}`);
    else this.#cookies.set(`${name} ${path}`, { value, path });
  }
}

function nameOf(key: string): string {
  return key.slice(0, key.indexOf(' '));
}

async function send(
  url: URL,
  method: string,
  headers: Headers,
  body: string | URLSearchParams | Record<string, string> | undefined,
): Promise<Response> {
  const text = body === undefined ? null : typeof body === 'string' ? body : new URLSearchParams(body).toString();
  if (body instanceof URLSearchParams) headers.set('content-type', 'application/x-www-form-urlencoded');
  const sent = Object.fromEntries([...headers].filter(([, value]) => value !== ''));
  const answer = await request(url, { method, headers: sent, body: text });
  const received = new Headers();
  for (const [name, value] of Object.entries(answer.headers))
    for (const one of Array.isArray(value) ? value : [value ?? '']) received.append(name, one);
  const bytes = await answer.body.bytes();
  const hasBody = ![204, 205, 304].includes(answer.statusCode);
  return new Response(hasBody ? new Uint8Array(bytes) : null, { status: answer.statusCode, headers: received });
}
