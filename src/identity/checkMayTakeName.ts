import { checkMayGrantAdmin } from './adminFlag.ts';
import { checkMayGiveRoles } from './checkMayGiveRoles.ts';
import type { Identity } from './identity.ts';
import type { Principal } from './principal.ts';

/**
 * May the principal decide who goes by this name (by a rename, or by letting an account in)? Not when the settings, or the
 * groups of that user, give the name a right that the principal lacks: they could take it for themselves that way.
 * @throws AtollError `ATOLL_FORBIDDEN`
 */
export async function checkMayTakeName(name: string, principal: Principal, identity: Identity): Promise<void> {
  if (identity.policy.admins.has(name)) checkMayGrantAdmin(principal);
  const { roles, groups } = identity;
  const ofGroups = ((await groups.ofUsers([name])).get(name) ?? []).flatMap((group) => roles.ofGroup(group));
  // What everybody has is nobody's gain.
  const own = [...roles.ofUser({ name, admin: false }), ...ofGroups].filter((role) => role !== 'user');
  await checkMayGiveRoles(own, `The name ${name}`, principal, identity);
}
