import type { Users } from './users.ts';

/** What belongs to a user and must end before the user goes: servers, clusters. */
export interface OwnedWorkloads {
  /** What it is, in the plural: `servers`. */
  readonly what: string;
  /** Asks all of a user's to end and go; resolves with whether they were gone within this time. */
  removeAllOf(user: string, milliseconds: number): Promise<boolean>;
}

/** Milliseconds that each kind of workload may take to end. */
const removalMs = 10_000;

/**
 * Removes a user once everything of theirs has ended, one kind after the other. Resolves with what had not ended in time,
 * and the user stays; or with undefined when they are gone.
 */
export async function removeUser(
  name: string,
  { users, workloads }: { users: Pick<Users, 'delete'>; workloads: readonly OwnedWorkloads[] },
): Promise<string | undefined> {
  for (const owned of workloads) if (!(await owned.removeAllOf(name, removalMs))) return owned.what;
  await users.delete(name);
  return undefined;
}
