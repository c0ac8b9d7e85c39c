import type { ServerSettings } from '../../config/settings.ts';
import type { PublicUrls } from '../../identity/publicUrls.ts';
import type { Server } from '../../servers/server.ts';
import { templateFields } from '../../servers/serverEnvironment.ts';

/** A server as hooks get it (python/bridge/atoll_bridge/spawners.py); null: no limit, nothing set aside. */
export function serverMessage(
  server: Pick<Server, 'user' | 'userId' | 'name' | 'userOptions'>,
  settings: ServerSettings,
  { hubUrl, urls }: { hubUrl: string; urls: PublicUrls },
): object {
  return {
    name: server.name,
    userOptions: server.userOptions,
    environment: settings.environment,
    memoryLimit: settings.memoryLimit ?? null,
    memoryGuarantee: settings.memoryGuarantee ?? null,
    coreLimit: settings.coreLimit ?? null,
    coreGuarantee: settings.coreGuarantee ?? null,
    defaultUrl: settings.defaultUrl ?? '',
    command: settings.command ?? ['jupyterhub-singleuser'],
    arguments: settings.extraArguments,
    hubUrl,
    path: urls.serverPath(server.user, server.name),
    fields: templateFields(server, urls),
  };
}
