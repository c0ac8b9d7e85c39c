import { z } from '@hono/zod-openapi';
import type { PublicUrls } from '../../identity/publicUrls.ts';
import { isActive, pendingOf, type Server } from '../../servers/server.ts';
import { fullNameOf, serverApiPathOf } from '../../servers/serverPath.ts';
import { timestamp } from '../frame/timestamp.ts';

/** What of a server is shown beyond what `read:servers` shows. */
export interface ServerModelOptions {
  /** The internal `state` (scope `admin:server_state`). */
  includeState?: boolean;
  /** The last lines of a failed server: for its owner, and with the scope `admin:server_state`. */
  includeLog?: boolean;
}

/** JupyterHub's server model; `failure` is Atoll's own. */
export const serverModelSchema = z
  .object({
    name: z.string(),
    display_name: z.string(),
    full_name: z.string(),
    last_activity: z.string().nullable(),
    started: z.string().nullable(),
    pending: z.enum(['spawn', 'stop']).nullable(),
    ready: z.boolean(),
    stopped: z.boolean(),
    url: z.string(),
    full_url: z.string().nullable(),
    progress_url: z.string(),
    full_progress_url: z.string().nullable(),
    user_options: z.record(z.string(), z.unknown()),
    state: z.object({ workload: z.string().nullable() }).optional(),
    failure: z
      .object({
        during: z.enum(['start', 'run']),
        code: z.string(),
        message: z.string(),
        next_step: z.string(),
        exit_code: z.int().nullable(),
        signal: z.string().nullable(),
        at: z.string(),
        log_tail: z.array(z.string()).optional(),
      })
      .nullable()
      .meta({ description: 'Why the last start failed or the server ended; null when neither happened.' }),
  })
  .openapi('Server');

/** The model of one server. */
export function serverModel(
  server: Server,
  urls: PublicUrls,
  options: ServerModelOptions = {},
): z.infer<typeof serverModelSchema> {
  const { user, name, failure } = server;
  const progressUrl = urls.path(serverApiPathOf(user, name, 'progress'));
  return {
    name,
    display_name: server.displayName,
    full_name: fullNameOf(user, name),
    last_activity: timestamp(lastUseOf(server)),
    started: isActive(server) ? timestamp(server.startedAt) : null,
    pending: pendingOf(server),
    ready: server.phase === 'ready',
    stopped: !isActive(server),
    url: urls.server(user, name),
    full_url: urls.fullServer(user, name),
    progress_url: progressUrl,
    full_progress_url: urls.full(progressUrl),
    user_options: server.userOptions,
    ...(options.includeState && { state: { workload: server.workloadId } }),
    failure: failure && {
      during: failure.during,
      code: failure.code,
      message: failure.message,
      next_step: failure.nextStep,
      exit_code: failure.exitCode,
      signal: failure.signal,
      at: timestamp(failure.at),
      ...(options.includeLog && { log_tail: failure.logTail }),
    },
  };
}

/**
 * A start is a sign of use, as with JupyterHub: a server that was started once has never none, and one that is started again
 * not the one of its last run, by which a culler would stop it at once.
 */
function lastUseOf({ lastActivity, startedAt }: Server): number | null {
  const known = [lastActivity, startedAt].filter((time) => time !== null);
  return known.length === 0 ? null : Math.max(...known);
}
