import { Hono } from 'hono';
import type { SettingsReport } from '../../config/settingsReport.ts';
import { AtollError } from '../../core/errors.ts';
import { type Client, clientOf } from '../../identity/http/client.ts';
import { commonContentSecurityPolicy, hubHeaders } from '../../identity/http/hubHeaders.ts';
import { isForeign, judgeXsrf, submittedXsrf } from '../../identity/http/judgeXsrf.ts';
import type { XsrfSubject } from '../../identity/http/xsrfTokens.ts';
import type { Identity } from '../../identity/identity.ts';
import type { Principal } from '../../identity/principal.ts';
import type { PublicUrls } from '../../identity/publicUrls.ts';
import { gatewayServiceName } from '../../identity/roles/defaultRoles.ts';
import type { Session } from '../../identity/sessions.ts';
import type { Logger } from '../../observability/logger.ts';
import { noteRoute } from '../../observability/requestRoutes.ts';
import { errorContent, errorTitle } from './errorPage.ts';
import { type Html, layout, type ServiceLink } from './layout.ts';
import { readForm } from './readForm.ts';
import { settingsNotice } from './settingsNotice.ts';

/** What the frame needs to know who looks at a page. */
export interface PageFrameOptions {
  identity: Identity;
  log: Logger;
  /** What administrators are told on every page. Default: nothing. */
  settingsReport?: () => SettingsReport;
}

/**
 * Who may see a page: `open`: everybody; `signedIn`: who is not is sent to the sign-in page first. What else a page needs
 * (scopes), its handler asks of `identity.can`.
 */
export type PageAccess = 'open' | 'signedIn';

/** One page, or one form of a page. */
export interface PageSpec<A extends PageAccess> {
  method: 'get' | 'post';
  /** Absolute, in hono's form: `/hub/spawn/:user`. */
  path: string;
  access: A;
  /** True: the handler shows a failed XSRF check itself ({@link PageContext.xsrfFailure}); the frame answers 403 else. */
  showsXsrfFailure?: true;
}

/** How a page is shown. */
export interface PageOptions {
  status?: number;
  /** Seconds after which the page is shown anew, with the focus where it was. */
  refreshSeconds?: number;
  /** Files of `static/` that the page runs. Default with `refreshSeconds`: the one that shows it anew. */
  scripts?: readonly string[];
  headers?: Readonly<Record<string, string>>;
  /** Other origins that a form of the page may lead to by way of redirects. */
  formTargets?: readonly string[];
}

/** What the handler of a page gets. */
export interface PageContext<A extends PageAccess = PageAccess> {
  request: Request;
  url: URL;
  client: Client;
  /** Path parameters, percent-decoded. */
  params: Readonly<Record<string, string>>;
  /** Who is signed in. */
  principal: A extends 'signedIn' ? Principal : Principal | undefined;
  session: A extends 'signedIn' ? Session : Session | undefined;
  /** The fields of the form of a POST; empty for a GET. Its XSRF token has been checked. */
  form: URLSearchParams;
  /** Why the XSRF check failed, for a page that shows it itself: nothing of the form may be believed then. */
  xsrfFailure?: string;
  /** The XSRF token for the forms of the page: `<input type="hidden" name="_xsrf" value="…">`. */
  xsrfToken: string;
  /** Answers with a page. */
  page: (title: string, content: Html, options?: PageOptions) => Promise<Response>;
  /** Answers with the error's page, in the layout; with JSON to a program. */
  error: (error: AtollError) => Promise<Response>;
  /** Sends the browser to another address: a page of the hub's own, written as if it were at `/`, or a whole one. */
  redirect: (location: string, cookies?: readonly string[]) => Response;
}

/** The one way by which pages are made: finds out who looks, checks XSRF, renders what the handler returns or throws. */
export class PageFrame {
  readonly app = new Hono();
  /** Where people find things. */
  readonly urls: PublicUrls;
  readonly #identity: Identity;
  readonly #log: Logger;
  readonly #settingsReport: PageFrameOptions['settingsReport'];

  constructor({ identity, log, settingsReport }: PageFrameOptions) {
    this.#settingsReport = settingsReport;
    this.#identity = identity;
    this.urls = identity.urls;
    this.#log = log;
    this.app.onError((error, c) => this.#renderError(c.req.raw, error));
  }

  /** Adds a page. */
  page<const A extends PageAccess>(
    spec: PageSpec<A>,
    handler: (context: PageContext<A>) => Promise<Response> | Response,
  ): void {
    const route = spec.path.replace(/:(\w+)/g, '{$1}');
    this.app.on(spec.method.toUpperCase(), spec.path, async (c) => {
      const request = c.req.raw;
      noteRoute(request, route);
      const context = await this.#contextOf(request, c.req.param() as Record<string, string>);
      try {
        const xsrfFailure = this.#checkXsrf(context);
        if (xsrfFailure !== undefined && !spec.showsXsrfFailure) throw new AtollError('ATOLL_XSRF', xsrfFailure);
        if (spec.access === 'signedIn' && !context.principal) return this.#toSignIn(context);
        return await handler({ ...context, xsrfFailure } as unknown as PageContext<A>);
      } catch (error) {
        return context.error(toAtollError(error, this.#log));
      }
    });
  }

  /** The answer for an address that nothing else answers. */
  async notFound(
    request: Request,
    error = new AtollError('ATOLL_NOT_FOUND', 'There is no such page.'),
  ): Promise<Response> {
    return (await this.#contextOf(request, {}, false)).error(error);
  }

  async #contextOf(request: Request, params: Record<string, string>, withForm = true): Promise<PageContext> {
    const cookies = request.headers.get('cookie') ?? '';
    const login = await this.#identity.fromLogin(cookies);
    const client = clientOf(request);
    const subject: XsrfSubject = login ? { session: login.session } : { client };
    const known = this.#identity.cookies
      .read(cookies, 'xsrf')
      .slice(0, 8)
      .find((token) => this.#identity.xsrf.isValid(token, subject));
    const xsrfToken = known ?? this.#identity.xsrf.issue(subject);
    const url = new URL(request.url);
    const newCookies: string[] = [];
    // A script of somebody else's cannot make the hub hand it a token: only navigations set the cookie.
    if (!known && (request.headers.get('sec-fetch-mode') ?? 'navigate') === 'navigate')
      newCookies.push(this.#identity.cookies.write('xsrf', xsrfToken, client));
    if (login && !this.#identity.cookies.read(cookies, 'sessionId').includes(login.session.sessionId))
      newCookies.push(this.#identity.cookies.write('sessionId', login.session.sessionId, client));

    const show = async (title: string, content: Html, options: PageOptions = {}): Promise<Response> => {
      const scripts = options.scripts ?? (options.refreshSeconds === undefined ? undefined : ['refresh.js']);
      const text = await layout(
        {
          title,
          principal: login?.principal,
          path: url.pathname,
          refreshSeconds: options.refreshSeconds,
          xsrfToken,
          scripts,
          hasAccounts: this.#identity.accounts !== undefined,
          services: login ? this.#servicesFor(login.principal) : [],
          look: this.#identity.settings.pages,
          notice: login?.principal.scopes.has('admin-ui') ? this.#notice() : undefined,
        },
        content,
      );
      const headers = new Headers({
        'Content-Type': 'text/html; charset=utf-8',
        ...pageHeaders({ ...options, ...(scripts && { scripts }) }),
      });
      for (const [name, value] of Object.entries(options.headers ?? {})) headers.set(name, value);
      for (const cookie of newCookies) headers.append('Set-Cookie', cookie);
      return new Response(this.#withBase(text.toString()), { status: options.status ?? 200, headers });
    };
    return {
      request,
      url,
      client,
      params,
      principal: login?.principal,
      session: login?.session,
      form: withForm && request.method === 'POST' ? await readForm(request) : new URLSearchParams(),
      xsrfToken,
      page: show,
      error: async (error) =>
        wantsJson(request)
          ? jsonError(error)
          : show(errorTitle(error), errorContent(error), { status: error.status, headers: retryAfter(error) }),
      redirect: (location, cookies = []) => redirectTo(location, [...newCookies, ...cookies]),
    };
  }

  /** Pages are written as if the hub were at `/`. In text, quotes are escaped: only attributes of the hub's own match. */
  #withBase(page: string): string {
    if (this.urls.base === '/') return page;
    return page.replace(
      /((?:href|src|action)=")(\/hub\/[^"]*)(?=")/g,
      (_, start: string, path: string) => start + this.urls.path(path),
    );
  }

  #notice(): Html | undefined {
    const report = this.#settingsReport?.();
    return report && settingsNotice(report);
  }

  /** The services with a page that a person may open, as far as they shall be shown. */
  #servicesFor({ scopes }: Principal): ServiceLink[] {
    return this.#identity.services
      .list()
      .filter(({ name, url, display }) => url !== undefined && display && name !== gatewayServiceName)
      .filter(({ name }) => scopes.allows('access:services', { service: name }))
      .map(({ name }) => ({ name, path: this.urls.service(name) }));
  }

  /** Why the request may not be believed, if so. */
  #checkXsrf({ request, client, session, form }: PageContext): string | undefined {
    const fields = Object.fromEntries(form);
    if (session) {
      const verdict = judgeXsrf(request, session, this.#identity.xsrf, fields);
      return verdict.ok ? undefined : verdict.message;
    }
    if (request.method !== 'POST') return undefined;
    const submitted = submittedXsrf(request, fields);
    const fits = submitted !== undefined && this.#identity.xsrf.isValid(submitted, { client });
    return fits && !isForeign(request) ? undefined : 'The form is invalid or expired. Try again.';
  }

  #toSignIn({ request, url, redirect, error }: PageContext): Response | Promise<Response> {
    if (wantsJson(request)) return error(new AtollError('ATOLL_UNAUTHENTICATED', 'Missing or invalid credentials.'));
    return redirect(
      `/hub/login?next=${encodeURIComponent(this.urls.path(url.pathname) + (request.method === 'GET' ? url.search : ''))}`,
    );
  }

  async #renderError(request: Request, thrown: unknown): Promise<Response> {
    const error = toAtollError(thrown, this.#log);
    try {
      return await (await this.#contextOf(request, {}, false)).error(error);
    } catch {
      return jsonError(error);
    }
  }
}

/** Sends a browser to another address of the hub's own. */
export function redirectTo(location: string, cookies: readonly string[] = []): Response {
  const headers = new Headers({ Location: location, ...pageHeaders({}) });
  for (const cookie of cookies) headers.append('Set-Cookie', cookie);
  return new Response(null, { status: 302, headers });
}

/** Whether a program rather than a person asks. */
export function wantsJson(request: Request): boolean {
  const accept = request.headers.get('accept') ?? '';
  return accept.includes('application/json') && !accept.includes('text/html');
}

/** An error as a program reads it. */
export function jsonError(error: AtollError): Response {
  const body = { status: error.status, message: error.message, code: error.code, next_step: error.nextStep };
  const headers = { 'Content-Type': 'application/json', ...pageHeaders({}), ...retryAfter(error) };
  return new Response(JSON.stringify(body), { status: error.status, headers });
}

function retryAfter(error: AtollError): Record<string, string> {
  return error.retryAfterSeconds === undefined ? {} : { 'Retry-After': String(error.retryAfterSeconds) };
}

/**
 * Security headers. No inline scripts or styles; forms go to the hub itself.
 */
function pageHeaders({ scripts, formTargets = [] }: PageOptions): Record<string, string> {
  const policy = [
    "default-src 'none'",
    "style-src 'self'",
    "img-src 'self' data:",
    ...(scripts ? ["script-src 'self'", "connect-src 'self'"] : []),
    ['form-action', "'self'", ...formTargets].join(' '),
    "base-uri 'none'",
    commonContentSecurityPolicy,
  ];
  return {
    ...hubHeaders,
    'Content-Security-Policy': policy.join('; '),
    'Cache-Control': 'no-store',
    'Referrer-Policy': 'same-origin',
  };
}

function toAtollError(thrown: unknown, log: Logger): AtollError {
  if (thrown instanceof AtollError) return thrown;
  log.error({ err: thrown }, 'a page failed');
  return new AtollError('ATOLL_INTERNAL', 'Something went wrong inside the hub.', { cause: thrown });
}
