import type { OpenAPIHono } from '@hono/zod-openapi';
import { ApiFrame } from '../frame/apiFrame.ts';
import type { ApiModule } from '../frame/apiModule.ts';
import { addAuthorizationRoutes } from './authorizations.ts';
import { addGroupRoutes } from './groups.ts';
import type { HubApiOptions } from './hubApiOptions.ts';
import { addOAuthTokenRoute } from './oauthToken.ts';
import { addRootRoutes } from './root.ts';
import { addSelfRoute } from './self.ts';
import { addServiceRoutes } from './services.ts';
import { addShareRoutes } from './shares.ts';
import { addTokenRoutes } from './tokens.ts';
import { addUserRoutes } from './users.ts';

/**
 * JupyterHub's REST API, at `/hub/api/*`. Mount it after the pages, which own `/hub/api/oauth2/authorize` (an HTML page).
 * @param modules routes of other parts of the program
 */
export function createHubApi(options: HubApiOptions, ...modules: ApiModule[]): OpenAPIHono {
  const frame = new ApiFrame(options);
  addHubRoutes(frame, options);
  for (const addRoutes of modules) addRoutes(frame);
  return frame.finish();
}

/** The routes that need nothing but identity. */
export function addHubRoutes(frame: ApiFrame, options: HubApiOptions): void {
  addRootRoutes(frame, options);
  addSelfRoute(frame, options);
  addUserRoutes(frame, options);
  addTokenRoutes(frame, options);
  addGroupRoutes(frame, options);
  addServiceRoutes(frame, options);
  addShareRoutes(frame, options);
  addOAuthTokenRoute(frame, options);
  addAuthorizationRoutes(frame, options);
}
