import { z } from '@hono/zod-openapi';
import type { SettingsReport } from '../../config/settingsReport.ts';
import type { Servers } from '../../servers/servers.ts';
import type { ApiModule } from '../frame/apiModule.ts';
import { json } from '../frame/replies.ts';
import { timestamp } from '../frame/timestamp.ts';

/** What {@link settingsApi} needs. */
export interface SettingsApiOptions {
  servers: Pick<Servers, 'outdated'>;
  report: () => SettingsReport;
}

const reportSchema = z
  .object({
    since: z.string().meta({ description: 'When the settings in force were put into force.' }),
    changes: z
      .array(z.object({ path: z.string(), counts: z.string() }))
      .meta({ description: 'What was different from those before, and when it counts.' }),
    refused: z
      .object({ at: z.string(), problems: z.array(z.string()) })
      .nullable()
      .meta({ description: 'Newer files that were refused, and why.' }),
    waiting: z.array(z.string()).meta({ description: 'Keys of newer files that wait for a restart of the hub.' }),
    outdated_servers: z
      .array(z.object({ user: z.string(), name: z.string() }))
      .meta({ description: 'Running servers that keep older settings until they are started again.' }),
  })
  .openapi('SettingsReport');

/** What an administrator should know about the settings in force: Atoll's own addition to the API. */
export function settingsApi({ servers, report }: SettingsApiOptions): ApiModule {
  return (frame) => {
    frame.route(
      {
        method: 'get',
        path: '/settings',
        summary: 'Which settings are in force since when, and what keeps newer ones from being so',
        access: { anyOf: ['read:hub'] },
        responses: { 200: { description: 'The report.', schema: reportSchema } },
      },
      async () => {
        const { since, changes, refused, waiting = [] } = report();
        return json({
          since: timestamp(since),
          changes,
          refused: refused ? { at: timestamp(refused.at), problems: refused.problems } : null,
          waiting,
          outdated_servers: (await servers.outdated()).map(({ user, name }) => ({ user, name })),
        });
      },
    );
  };
}
