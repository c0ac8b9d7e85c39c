import { AtollError } from '../../core/errors.ts';
import type { ScopeCatalogue } from './scopeCatalogue.ts';

/**
 * Checks the scopes that a setting names.
 * @param setting its name, for the message
 * @throws AtollError `ATOLL_SCOPE_INVALID` when one of them does not exist
 */
export function checkScopesExist(setting: string, scopes: readonly string[], catalogue: ScopeCatalogue): void {
  const unknown = scopes.find((scope) => !catalogue.knows(scope));
  if (unknown !== undefined)
    throw new AtollError('ATOLL_SCOPE_INVALID', `${setting} has the unknown scope "${unknown.slice(0, 100)}".`, {
      nextStep: `Correct ${setting}.`,
    });
}
