import { AtollError } from '../../core/errors.ts';
import type { Identity } from '../../identity/identity.ts';
import type { Principal } from '../../identity/principal.ts';
import type { PublicUrls } from '../../identity/publicUrls.ts';
import type { PageContext } from '../frame/pageFrame.ts';
import { pathWithin } from './pathWithin.ts';

/** Which server a page is about. */
export interface Place {
  user: string;
  name: string;
  /** Where to go on that server once it is ready; a trusted path below it. */
  next: string | undefined;
}

/** The server that the page's path names (default: the person's own default server), and its `next=`. */
export function placeOf(
  { params, principal, url }: PageContext<'signedIn'>,
  urls: PublicUrls,
  name = params.server ?? '',
): Place {
  const user = params.user ?? principal.name;
  return { user, name, next: pathWithin(urls.serverPath(user, name), url.searchParams.get('next')) };
}

/** `Your server is starting`, `The server of bob gpu is starting`. */
export function titleOf(principal: Principal, { user, name }: Place, state: string): string {
  const whose = user === principal.name ? 'Your server' : `The server of ${user}`;
  return `${whose}${nameText(name)} ${state}`;
}

/** `Start your server`, `Start the server of bob “gpu”`. */
export function startTitleOf(principal: Principal, { user, name }: Place): string {
  return `Start ${user === principal.name ? 'your server' : `the server of ${user}`}${nameText(name)}`;
}

function nameText(name: string): string {
  return name === '' ? '' : ` “${name}”`;
}

/**
 * Lets only those pass who hold the scope for this server. To others it is as if there were no such server: who may not
 * touch it need not learn of it, nor whether there is such a user.
 * @throws AtollError `ATOLL_NOT_FOUND`, also when the scope is held but there is no such user
 */
export async function requireScope(
  identity: Identity,
  principal: Principal,
  scope: string,
  { user, name }: { user: string; name: string },
): Promise<void> {
  if (!(await identity.can(principal, scope, { user, server: name })))
    throw new AtollError('ATOLL_NOT_FOUND', 'There is no such server, or it is not open to you.');
  if (!(await identity.users.get(user))) throw new AtollError('ATOLL_NOT_FOUND', `There is no user ${user}.`);
}
