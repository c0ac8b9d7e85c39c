import type { Settings } from '../../../config/settings.ts';
import type { Refusal } from './refusal.ts';

/** Names of people and groups that nobody can have. */
export async function wrongPeople({ roles, groups, authentication }: Settings): Promise<Refusal[]> {
  const { adminUsers, allowedUsers, blockedUsers, usernameMap, usernamePattern } = authentication;
  const people = [...adminUsers, ...allowedUsers, ...blockedUsers, ...roles.flatMap((role) => role.users)];
  people.push(...Object.values(groups).flatMap(({ users }) => users));
  const groupNames = Object.keys(groups);
  if (people.length === 0 && groupNames.length === 0) return [];
  const { compileUsernamePattern, isValidName, toUserName } = await import('../../../identity/names.ts');
  const pattern = usernamePattern === undefined ? {} : { pattern: compileUsernamePattern(usernamePattern) };
  const isPerson = (name: string): boolean => toUserName(name, { map: usernameMap, ...pattern }) !== undefined;
  return [
    ...unique(people, isPerson).map((text) => refusal(text, `Nobody can be called ${JSON.stringify(text)}.`)),
    ...unique(groupNames, isValidName).map((text) => refusal(text, `No group can be called ${JSON.stringify(text)}.`)),
  ];
}

function refusal(text: string, message: string): Refusal {
  return { text, message, code: 'ATOLL_SETTINGS_VALUE', severity: 'error' };
}

/** Those that are not good, each once. */
function unique(texts: readonly string[], isGood: (text: string) => boolean): string[] {
  return [...new Set(texts)].filter((text) => !isGood(text));
}
