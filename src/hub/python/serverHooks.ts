import { z } from 'zod';
import type { Bridge } from '../../bridge/bridge.ts';
import type { BridgeHolder } from '../../bridge/bridgeHolder.ts';
import { type HookName, type LoadedPython, lineSchema } from '../../bridge/messages.ts';
import type { Live } from '../../config/live.ts';
import type { ServerSettings, Settings } from '../../config/settings.ts';
import { messageOf } from '../../core/errors.ts';
import type { PublicUrls } from '../../identity/publicUrls.ts';
import type { Logger } from '../../observability/logger.ts';
import type { Server } from '../../servers/server.ts';
import type { ServerHooks } from '../../servers/serverHooks.ts';
import { type People, personMessage } from './personMessage.ts';
import { serverMessage } from './serverMessage.ts';

/** Milliseconds that the hooks of a start may take: they may ask other programs on the network. */
const startMs = 60_000;
const stopMs = 30_000;

const beforeStartHooks: readonly HookName[] = [
  'auth_state_hook',
  'apply_user_options',
  'pre_spawn_hook',
  'environment',
];

const startedSchema = z.object({
  environment: z.record(z.string(), z.string()),
  literalEnvironment: z.record(z.string(), z.string()),
  /** Attributes of the spawner that were changed, by name. */
  changes: z.record(z.string(), z.unknown()),
  places: z.record(z.string(), lineSchema.nullable()),
});

/** What {@link serverHooksFrom} needs. */
export interface ServerHooksOptions {
  holder: BridgeHolder;
  identity: People;
  settings: Live<Settings>;
  /** Where servers reach the edge, with the hub's base, without a final slash. */
  hubUrl: string;
  /** Where people find things. */
  urls: PublicUrls;
  log: Logger;
}

/** The hooks of `c.Spawner` and `c.KubeSpawner` in the settings' Python, as the servers call them. */
export function serverHooksFrom({ holder, identity, settings, hubUrl, urls, log }: ServerHooksOptions): ServerHooks {
  const changesTold = new Set<string>();

  const requestFor = async (loaded: LoadedPython, server: Server, base: ServerSettings): Promise<object> => ({
    user: await personMessage(identity, loaded, server.user),
    server: serverMessage(server, base, { hubUrl, urls }),
  });

  return {
    async beforeStart(server, base) {
      const python = inUse(holder, beforeStartHooks);
      if (!python) return base;
      const request = await requestFor(python.loaded, server, base);
      const result = startedSchema.parse(await python.bridge.perform({ op: 'startServer', ...request }, startMs));
      const { environment, literalEnvironment, changes } = result;
      const { isServerTrait, overrideServers } = await import('../../config/overrideServers.ts');
      for (const name of Object.keys(changes).filter((changed) => !isServerTrait(changed))) {
        const place = result.places[name];
        const where = place ? `${place.file}:${place.line}` : '';
        if (!changesTold.has(name + where))
          log.warn({ attribute: name, place: where }, 'a hook sets what has no effect');
        changesTold.add(name + where);
      }
      return {
        ...overrideServers({ ...settings.current, servers: base }, changes),
        environment,
        literalEnvironment,
      };
    },
    async afterStop(server) {
      const python = inUse(holder, ['post_stop_hook']);
      if (!python) return;
      try {
        const request = await requestFor(python.loaded, server, settings.current.servers);
        await python.bridge.perform({ op: 'stopServer', ...request }, stopMs);
      } catch (error) {
        log.warn({ user: server.user, server: server.name, error: messageOf(error) }, 'post_stop_hook failed');
      }
    },
  };
}

/** The bridge, when one of these hooks is set. */
function inUse(holder: BridgeHolder, names: readonly HookName[]): { bridge: Bridge; loaded: LoadedPython } | undefined {
  const bridge = holder.current;
  const loaded = bridge?.loaded;
  if (!bridge || !loaded?.hooks.some(({ name }) => names.includes(name))) return undefined;
  return { bridge, loaded };
}
