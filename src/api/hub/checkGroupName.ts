import { AtollError } from '../../core/errors.ts';
import { isValidName } from '../../identity/names.ts';

/** @throws AtollError `ATOLL_BAD_REQUEST` when a name cannot be that of a group. */
export function checkGroupName(name: string): void {
  if (!isValidName(name))
    throw new AtollError('ATOLL_BAD_REQUEST', `Invalid group name: ${JSON.stringify(name.slice(0, 100)).slice(1, -1)}`);
}
