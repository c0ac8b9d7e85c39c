import type { People } from '../../src/hub/python/personMessage.ts';

/** Users of a test, as hooks hear of them. */
export interface PythonPerson {
  admin?: boolean;
  groups?: string[];
  authState?: Record<string, unknown>;
}

/** Identity's answers about these users. */
export function pythonPeople(people: Readonly<Record<string, PythonPerson>>): People {
  const idOf = (name: string): number => Object.keys(people).indexOf(name) + 1;
  const users = {
    get: (name: string) =>
      Promise.resolve(people[name] && { id: idOf(name), name, admin: people[name].admin ?? false }),
  };
  const answers = {
    users,
    principalOf: (name: string) => Promise.resolve(people[name] && { groups: people[name].groups ?? [] }),
    authStateOf: ({ name }: { name: string }) => Promise.resolve(people[name]?.authState ?? null),
  };
  return answers as unknown as People;
}
