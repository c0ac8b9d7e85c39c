import type { ProfileAudience, ProfileOptionSettings, ProfileSettings } from '../../config/profileSettings.ts';
import type { Person } from './profileSource.ts';

/**
 * What of these profiles is offered to a person: the one place where `allowed_groups` and `allowed_users` are looked at, on
 * profiles, their choices, and the values that people may type in. An option of which nothing is left goes.
 */
export function allowedProfiles(profiles: readonly ProfileSettings[], person: Person): ProfileSettings[] {
  const groups = new Set(person.groups.map((group) => group.toLowerCase()));
  const isOffered = ({ allowedGroups, allowedUsers }: ProfileAudience): boolean =>
    (allowedGroups === undefined && allowedUsers === undefined) ||
    (allowedUsers?.includes(person.name) ?? false) ||
    (allowedGroups?.some((group) => groups.has(group.toLowerCase())) ?? false);

  const offeredOption = ({ unlisted, ...option }: ProfileOptionSettings): ProfileOptionSettings => ({
    ...option,
    choices: option.choices.filter(isOffered),
    ...(unlisted && isOffered(unlisted) && { unlisted }),
  });
  return profiles.filter(isOffered).map((profile) => ({
    ...profile,
    options: profile.options
      .map(offeredOption)
      .filter(({ choices, unlisted }) => choices.length > 0 || unlisted !== undefined),
  }));
}
