import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Clock } from '../../core/clock.ts';
import type { Identity } from '../../identity/identity.ts';
import type { Logger } from '../../observability/logger.ts';
import { ApiFrame } from '../frame/apiFrame.ts';
import type { ServerDirectory, UserWorkloads } from './serverDirectory.ts';

/** What {@link createHubApi} needs. */
export interface HubApiOptions {
  identity: Identity;
  /** The users' servers, for user models. */
  servers: ServerDirectory;
  /** What has to end before a user goes. */
  workloads: readonly UserWorkloads[];
  /** Begins to end the program, for `POST /shutdown`; returns at once. `servers`: running servers too. */
  shutDown(options: { servers: boolean }): void;
  log: Logger;
  clock?: Clock;
}

/** More routes of the API, from another file: called once, before the API is finished. */
export type ApiModule = (frame: ApiFrame) => void;

/**
 * JupyterHub's REST API, at `/hub/api/*`. Mount it after the pages, which own `/hub/api/oauth2/authorize` (an HTML page).
 * @param modules routes of other parts of the program
 */
export function createHubApi(options: HubApiOptions, ...modules: ApiModule[]): OpenAPIHono {
  const frame = new ApiFrame(options);
  for (const addRoutes of modules) addRoutes(frame);
  return frame.finish();
}
