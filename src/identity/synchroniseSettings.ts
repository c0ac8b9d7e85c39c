import { AtollError } from '../core/errors.ts';
import type { Store } from '../store/store.ts';
import type { Groups } from './groups.ts';
import type { IdentityPolicy } from './identityPolicy.ts';
import { isValidName, toUserName } from './names.ts';
import type { OAuthClients } from './oauth/clients.ts';
import type { User, Users } from './users.ts';

/** The parts of identity whose records follow the settings. */
interface SynchronisedParts {
  readonly policy: IdentityPolicy;
  readonly users: Users;
  readonly groups: Groups;
  readonly oauthClients: OAuthClients;
  revokeAccess(user: User): Promise<void>;
}

/**
 * Brings the store in line with the settings. Additive, as in JupyterHub: a user, administrator or group that the settings
 * no longer name stays. Exceptions: a role `admin` with users makes the list of administrators exactly that list (and
 * `admin_users`), and blocked users lose their logins, tokens, admin flag and groups.
 * @throws AtollError `ATOLL_USER_NAME_INVALID` for a user or group name that cannot be one.
 */
export async function synchroniseSettings(identity: SynchronisedParts, store: Store): Promise<void> {
  checkNames(identity.policy);
  const { policy, users, groups } = identity;
  const { settings, roles } = policy;
  const { adminUsers, allowedUsers } = settings.authentication;
  const namesOf = (list: readonly string[]): string[] => list.map((name) => checkedName(name, policy));

  const roleAdmins = roles.usersIn('admin');
  const admins = new Set([...namesOf(adminUsers), ...roleAdmins].filter((name) => !policy.blocked.has(name)));
  const members = Object.values(settings.groups).flatMap((group) => group.users);
  const inRoles = settings.roles.flatMap((role) => role.users);
  await users.create([...new Set([...admins, ...namesOf(allowedUsers), ...namesOf(members), ...namesOf(inRoles)])]);
  for (const name of admins) await users.setAdmin(name, true);
  if (roleAdmins.length > 0)
    for (const name of await adminsIn(store)) if (!admins.has(name)) await users.setAdmin(name, false);

  for (const [name, { users: named, properties }] of Object.entries(settings.groups)) {
    await groups.create([name], []);
    await groups.addUsers(name, namesOf(named));
    if (Object.keys(properties).length > 0) await groups.setProperties(name, properties);
  }

  for (const name of policy.blocked) {
    const user = await users.get(name);
    if (!user) continue;
    await identity.revokeAccess(user);
    // As in JupyterHub: who is let in again one day does not have the rights of before.
    await users.setAdmin(name, false);
    if ((await groups.ofUsers([name])).size > 0) await groups.setGroupsOf(name, []);
  }
  await identity.oauthClients.synchroniseServices();
}

/**
 * Checks every name in the settings.
 * @throws AtollError `ATOLL_USER_NAME_INVALID` for a user or group name that cannot be one
 */
export function checkNames(policy: IdentityPolicy): void {
  const { settings } = policy;
  const { adminUsers, allowedUsers, blockedUsers } = settings.authentication;
  const inGroups = Object.values(settings.groups).flatMap((group) => group.users);
  const inRoles = settings.roles.flatMap((role) => role.users);
  for (const name of [...adminUsers, ...allowedUsers, ...blockedUsers, ...inGroups, ...inRoles])
    checkedName(name, policy);
  for (const name of Object.keys(settings.groups)) if (!isValidName(name)) throw invalidName(name, 'group');
}

function checkedName(name: string, { nameRules }: IdentityPolicy): string {
  const checked = toUserName(name, nameRules);
  if (checked === undefined) throw invalidName(name, 'user');
  return checked;
}

function invalidName(name: string, kind: string): AtollError {
  return new AtollError('ATOLL_USER_NAME_INVALID', `The settings name a ${kind} that cannot be one.`, {
    evidence: JSON.stringify(name.slice(0, 100)),
  });
}

async function adminsIn(store: Store): Promise<string[]> {
  const rows = await store.db.selectFrom('users').select('name').where('admin', '=', 1).execute();
  return rows.map((row) => row.name);
}
