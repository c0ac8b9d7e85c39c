import { checkMayGiveRoles } from './checkMayGiveRoles.ts';
import type { Identity } from './identity.ts';
import type { Principal } from './principal.ts';

/**
 * May the principal put somebody into this group? Not when the group gives a right that the principal lacks: they could
 * give it to themselves that way.
 * @throws AtollError `ATOLL_FORBIDDEN`
 */
export async function checkMayJoin(group: string, principal: Principal, identity: Identity): Promise<void> {
  await checkMayGiveRoles(identity.roles.ofGroup(group), `The group ${group}`, principal, identity);
}
