import { errorTable } from '../../core/errorTable.ts';
import { clientOf } from '../../identity/http/client.ts';
import { hubHeaders } from '../../identity/http/hubHeaders.ts';
import type { PublicUrls } from '../../identity/publicUrls.ts';
import { wantsJson } from '../frame/pageFrame.ts';

/** Whether a program (a script of JupyterLab's page, an API client) asks, rather than a person who opens a page. */
export function isProgram(request: Request): boolean {
  const { method, headers } = request;
  if (method !== 'GET') return true;
  const mode = headers.get('sec-fetch-mode');
  if (mode !== null && mode !== 'navigate') return true;
  return wantsJson(request) || headers.has('authorization') || /\/api(?:\/|$)/.test(new URL(request.url).pathname);
}

/**
 * Tells a program that a server does not run: 424 and JupyterHub's words, by which JupyterLab knows that its server is gone.
 * @param spawnPage path of the hub's page on which a person can start it
 */
export function notRunningReply(request: Request, urls: PublicUrls, spawnPage: string): Response {
  const { scheme, host } = clientOf(request);
  const { pathname } = new URL(request.url);
  // Already whole where the request came to a server's own host.
  const path = urls.path((urls.own(pathname) ?? pathname).replace(/^\/hub(?=\/user\/)/, ''));
  const start = `${urls.origin || `${scheme}://${host}`}${urls.path(spawnPage)}`;
  const code = 'ATOLL_SERVER_NOT_RUNNING';
  const body = {
    status: errorTable[code].status,
    message: `JupyterHub server no longer running at ${path}. Restart the server at ${start}`,
    code,
    next_step: errorTable[code].nextStep,
  };
  return Response.json(body, { status: body.status, headers: { ...hubHeaders, 'Cache-Control': 'no-store' } });
}
