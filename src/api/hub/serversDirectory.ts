import type { PublicUrls } from '../../identity/publicUrls.ts';
import type { Servers } from '../../servers/servers.ts';
import type { ServerDirectory, ServerModel, UserWorkloads } from './serverDirectory.ts';
import { serverModel } from './serverModel.ts';

/** The servers as the users' part of the API needs them. */
export function serversDirectory(servers: Servers, urls: PublicUrls): ServerDirectory & UserWorkloads {
  return {
    what: 'servers',
    async modelsOf(users, { includeStopped, includeState }) {
      const models = new Map<string, ServerModel[]>();
      if (users.length === 0) return models;
      for (const server of await servers.list({ users, ...(!includeStopped && { active: true }) })) {
        const model = serverModel(server, urls, { includeState: includeState.has(server.user) });
        models.set(server.user, [...(models.get(server.user) ?? []), model]);
      }
      return models;
    },
    async hasActive(user) {
      return (await servers.list({ users: [user], active: true })).length > 0;
    },
    removeAllOf: (user, milliseconds) => servers.removeAllOf(user, milliseconds),
  };
}
