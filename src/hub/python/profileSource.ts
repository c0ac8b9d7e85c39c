import { z } from 'zod';
import type { Bridge } from '../../bridge/bridge.ts';
import type { BridgeHolder } from '../../bridge/bridgeHolder.ts';
import type { HookName, LoadedPython } from '../../bridge/messages.ts';
import type { Live } from '../../config/live.ts';
import type { ProfileSettings } from '../../config/profileSettings.ts';
import type { Settings } from '../../config/settings.ts';
import { AtollError } from '../../core/errors.ts';
import type { PublicUrls } from '../../identity/publicUrls.ts';
import type { Person, ProfileSource } from '../../servers/profiles/profileSource.ts';
import { type People, personMessage } from './personMessage.ts';
import { serverMessage } from './serverMessage.ts';

/** Milliseconds that working out profiles or a form may take. */
const profilesMs = 15_000;

/** What {@link profileSourceFrom} needs. */
export interface ProfileSourceOptions {
  holder: BridgeHolder;
  identity: People;
  settings: Live<Settings>;
  /** Where servers reach the edge, with the hub's base, without a final slash. */
  hubUrl: string;
  /** Where people find things. */
  urls: PublicUrls;
}

/** Profiles and forms: those of functions in the settings' Python (`profile_list`, `options_form`), else of the settings. */
export function profileSourceFrom({ holder, identity, settings, hubUrl, urls }: ProfileSourceOptions): ProfileSource {
  const ask = async (
    bridge: Bridge,
    loaded: LoadedPython,
    op: string,
    { name }: Person,
    more = {},
  ): Promise<unknown> => {
    const user = await personMessage(identity, loaded, name);
    if (!user) throw new AtollError('ATOLL_NOT_FOUND', `There is no user ${name}.`);
    const server = serverMessage({ user: name, userId: user.id, name: '', userOptions: {} }, settings.current.servers, {
      hubUrl,
      urls,
    });
    return bridge.perform({ op, user, server, ...more }, profilesMs);
  };
  const withHook = (name: HookName): { bridge: Bridge; loaded: LoadedPython } | undefined => {
    const bridge = holder.current;
    const loaded = bridge?.loaded;
    return bridge && loaded?.hooks.some((hook) => hook.name === name) ? { bridge, loaded } : undefined;
  };
  return {
    async profilesFor(person) {
      const python = withHook('profile_list');
      if (!python) return settings.current.profiles;
      return toProfileSettings(await ask(python.bridge, python.loaded, 'profiles', person));
    },
    async formFor(person) {
      const python = withHook('options_form');
      if (!python) return undefined;
      return z.string().parse(await ask(python.bridge, python.loaded, 'optionsForm', person)) || undefined;
    },
    async readForm(person, fields) {
      const python = withHook('options_from_form');
      if (!python) return fields;
      const options = await ask(python.bridge, python.loaded, 'optionsFromForm', person, { form: fields });
      return z.record(z.string(), z.unknown()).parse(options);
    },
  };
}

async function toProfileSettings(listed: unknown): Promise<ProfileSettings[]> {
  const { profileList, toProfiles } = await import('../../config/keys/profiles.ts');
  const result = profileList.safeParse(listed);
  if (result.success) return toProfiles(result.data);
  const [issue] = result.error.issues;
  throw new AtollError('ATOLL_PYTHON_FAILED', 'What profile_list returns is no list of profiles.', {
    evidence: issue ? `${issue.path.join('.')}: ${issue.message}` : '',
  });
}
