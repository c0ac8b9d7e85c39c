import { AtollError } from '../core/errors.ts';

/** JupyterHub 6's rule, which makes every name usable as a DNS label. */
const namePattern = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;
const longestName = 30;
const longestDisplayName = 255;

/**
 * Checks the name of a named server: a letter first, then letters, digits and single hyphens, all lower case, at most 30.
 * @throws AtollError `ATOLL_SERVER_NAME_INVALID`
 */
export function checkServerName(name: string): void {
  if (name.length <= longestName && namePattern.test(name)) return;
  throw new AtollError('ATOLL_SERVER_NAME_INVALID', `Invalid server_name: '${name.slice(0, longestDisplayName)}'`);
}

/**
 * Checks the name that is shown to people: 1 to 255 characters, none of them a control character.
 * @throws AtollError `ATOLL_BAD_REQUEST`
 */
export function checkDisplayName(displayName: string): void {
  if (displayName.length >= 1 && displayName.length <= longestDisplayName && !/\p{C}/u.test(displayName)) return;
  throw new AtollError('ATOLL_BAD_REQUEST', 'display_name must have 1 to 255 printable characters.');
}
