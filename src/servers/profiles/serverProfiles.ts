import type { Live } from '../../config/live.ts';
import type { ProfileSettings } from '../../config/profileSettings.ts';
import type { ServerSettings, Settings } from '../../config/settings.ts';
import { AtollError } from '../../core/errors.ts';
import { allowedProfiles } from './allowedProfiles.ts';
import { chooseProfile, defaultOf, type ProfileChoice, traitsOf, userOptionsOf } from './chooseProfile.ts';
import type { Person, ProfileSource } from './profileSource.ts';
import { readUserOptions } from './readUserOptions.ts';

/** What {@link createServerProfiles} needs. */
export interface ServerProfilesOptions {
  settings: Live<Settings>;
  /** Default: the profiles of the settings. */
  source?: ProfileSource;
  /** Who somebody is at this moment; undefined when there is no such user. */
  personOf: (user: string) => Promise<Person | undefined>;
}

/** What people can choose about their servers, and what becomes of it. Asked anew each time: groups and settings change. */
export interface ServerProfiles {
  /**
   * The profiles that are offered to a user; none when there is nothing to choose.
   * @throws AtollError `ATOLL_NO_PROFILE` when there are profiles, and none is for this user
   */
  offeredTo(user: string): Promise<ProfileSettings[]>;
  /** The form of the operator's own that a user gets in place of the profiles. */
  formFor(user: string): Promise<string | undefined>;
  /** What the fields of a sent form mean, as user_options. */
  readForm(user: string, fields: Record<string, string[]>): Promise<Record<string, unknown>>;
  /**
   * Checks user_options, and returns them as they are kept, with the profile and the choices that count.
   * @throws AtollError `ATOLL_PROFILE_INVALID`, `ATOLL_NO_PROFILE`
   */
  check(user: string, userOptions: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>>;
  /**
   * The settings of a server of this user with these options.
   * @param base what the profile is laid over. Default: the settings in force.
   * @throws AtollError `ATOLL_PROFILE_INVALID`, `ATOLL_NO_PROFILE`, `ATOLL_SERVER_TRAIT_INVALID`
   */
  settingsFor(
    user: string,
    userOptions: Readonly<Record<string, unknown>>,
    base?: ServerSettings,
  ): Promise<ServerSettings>;
  /** What the user_options that a start kept stand for, in the words of the form: `Small · Environment: Pangeo`. Undefined: no profile. */
  describe(user: string, userOptions: Readonly<Record<string, unknown>>): Promise<string | undefined>;
}

/** Puts profiles to work. */
export function createServerProfiles({ settings, source, personOf }: ServerProfilesOptions): ServerProfiles {
  const profilesFor = async (person: Person): Promise<readonly ProfileSettings[]> =>
    source ? source.profilesFor(person) : settings.current.profiles;

  async function offeredTo(user: string): Promise<ProfileSettings[]> {
    // Most hubs have none: then it does not matter who asks.
    if (!source && settings.current.profiles.length === 0) return [];
    const person = await personOf(user);
    if (!person) return [];
    const profiles = await profilesFor(person);
    const offered = allowedProfiles(profiles, person);
    if (profiles.length > 0 && offered.length === 0)
      throw new AtollError('ATOLL_NO_PROFILE', 'None of the profiles of this hub is offered to you.');
    return offered;
  }

  async function choiceOf(
    user: string,
    sent: Readonly<Record<string, unknown>>,
  ): Promise<{ choice: ProfileChoice | undefined; userOptions: Record<string, unknown> }> {
    const offered = await offeredTo(user);
    const userOptions = readUserOptions(sent, defaultOf(offered)?.slug);
    return { choice: chooseProfile(offered, userOptions), userOptions };
  }

  return {
    offeredTo,
    async formFor(user) {
      const person = await personOf(user);
      return person && source?.formFor?.(person);
    },
    async readForm(user, fields) {
      const person = await personOf(user);
      const hasForm = person && (await source?.formFor?.(person)) !== undefined;
      return hasForm && source?.readForm ? source.readForm(person, fields) : fields;
    },
    async check(user, sent) {
      const { choice, userOptions } = await choiceOf(user, sent);
      return choice ? userOptionsOf(choice, userOptions) : { ...sent };
    },
    async settingsFor(user, sent, base = settings.current.servers) {
      const { choice } = await choiceOf(user, sent);
      const traits = choice ? traitsOf(choice) : {};
      if (Object.keys(traits).length === 0) return base;
      // What reads traits is large, and not needed where there are no profiles.
      const { overrideServers } = await import('../../config/overrideServers.ts');
      return overrideServers({ ...settings.current, servers: base }, traits);
    },
    async describe(user, sent) {
      // A start keeps the profile that counts. Without one, there were no profiles then.
      if (typeof sent.profile !== 'string') return undefined;
      try {
        const { choice } = await choiceOf(user, sent);
        return choice && describeChoice(choice);
      } catch {
        // The profile is not offered any more.
        return sent.profile;
      }
    },
  };
}

function describeChoice({ profile, options }: ProfileChoice): string {
  const chosen = options.map(
    ({ option, choice }) => `${option.displayName}: ${'unlisted' in choice ? choice.unlisted : choice.displayName}`,
  );
  return [profile.displayName, ...chosen].join(' · ');
}
