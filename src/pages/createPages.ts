import type { Hono } from 'hono';
import { addAcceptSharePages } from './acceptShare.ts';
import { addAccountPages } from './accounts.ts';
import { addAuthorizePages } from './authorize.ts';
import { PageFrame } from './frame/pageFrame.ts';
import type { PagesModule } from './frame/pagesModule.ts';
import { addLoginPages } from './login.ts';
import { addLogoutPages } from './logout.ts';
import type { PagesOptions } from './pagesOptions.ts';
import { addPlainRoutes } from './plainRoutes.ts';
import { addProxyErrorPages } from './proxyErrors.ts';
import { addTokenPages } from './token.ts';

/** The hub's pages. */
export interface Pages {
  /** Mount it at `/`, before the API: it has `/hub/api/oauth2/authorize`, which shows a page. */
  app: Hono;
  /** For the root application's `notFound`: an error page, or JSON for a program. */
  notFound(request: Request): Promise<Response>;
}

/**
 * The server-rendered pages: sign-in, tokens, consent, errors.
 * @param modules pages of other parts of the program
 */
export function createPages(options: PagesOptions, ...modules: PagesModule[]): Pages {
  const frame = new PageFrame(options);
  addPlainRoutes(frame, options);
  addLoginPages(frame, options);
  addLogoutPages(frame, options);
  addAccountPages(frame, options);
  addTokenPages(frame, options);
  addAuthorizePages(frame, options);
  addAcceptSharePages(frame, options);
  addProxyErrorPages(frame);
  for (const addPages of modules) addPages(frame);
  return { app: frame.app, notFound: (request) => frame.notFound(request) };
}
