import { z } from '@hono/zod-openapi';
import { jupyterHubVersion } from '../../identity/http/hubHeaders.ts';
import type { ApiFrame } from '../frame/apiFrame.ts';
import { json } from '../frame/replies.ts';
import type { HubApiOptions } from './hubApiOptions.ts';

const infoSchema = z
  .object({
    version: z.string(),
    python: z.string(),
    sys_executable: z.string(),
    spawner: z.object({ class: z.string(), version: z.string() }),
    authenticator: z.object({ class: z.string(), version: z.string() }),
  })
  .openapi('Info');

/** What says who and how the hub is: `/`, `/info`, `/health`, `/shutdown`. */
export function addRootRoutes(frame: ApiFrame, { identity, shutDown }: HubApiOptions): void {
  frame.route(
    {
      method: 'get',
      path: '/',
      summary: 'The version of JupyterHub whose API this is',
      access: 'open',
      responses: { 200: { description: 'The version.', schema: z.object({ version: z.string() }) } },
    },
    () => json({ version: jupyterHubVersion }, 200, { 'Access-Control-Allow-Origin': '*' }),
  );

  frame.route(
    {
      method: 'get',
      path: '/health',
      summary: 'Whether the hub answers',
      access: 'open',
      responses: { 200: { description: 'It does.' } },
    },
    () => new Response('', { headers: { 'Content-Type': 'text/html; charset=utf-8' } }),
  );

  frame.route(
    {
      method: 'get',
      path: '/info',
      summary: 'What the hub runs on',
      access: { anyOf: ['read:hub'] },
      responses: { 200: { description: 'Versions and classes.', schema: infoSchema } },
    },
    () =>
      json({
        version: jupyterHubVersion,
        python: `Node ${process.version}`,
        sys_executable: process.execPath,
        spawner: { class: 'atoll', version: jupyterHubVersion },
        authenticator: { class: identity.settings.authentication.authenticator, version: jupyterHubVersion },
      }),
  );

  frame.route(
    {
      method: 'post',
      path: '/shutdown',
      summary: 'Ends the hub and the edge',
      access: { anyOf: ['shutdown'] },
      body: z
        .strictObject({
          proxy: z
            .boolean()
            .optional()
            .meta({ description: 'Accepted for compatibility; the edge ends with the hub.' }),
          servers: z.boolean().optional().meta({ description: 'Whether running servers end too. Default false.' }),
        })
        .optional(),
      responses: { 202: { description: 'It is ending.', schema: z.object({ message: z.string() }) } },
    },
    ({ body }) => {
      shutDown({ servers: body?.servers ?? false });
      return json({ message: 'Shutting down Hub' }, 202, { Connection: 'close' });
    },
  );
}
