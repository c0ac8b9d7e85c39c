import { AtollError } from '../../core/errors.ts';
import { parseScope } from './parseScope.ts';
import { type ScopeEntry, scopeTree } from './scopeTree.ts';

/** A scope that the settings declare. */
export interface CustomScope {
  description: string;
  /** Custom scopes that it brings along. */
  scopes: readonly string[];
}

const customName = /^custom:[a-z0-9][a-z0-9_\-*:]+[a-z0-9_*]$/;

/** Which scopes exist, and what each implies. */
export class ScopeCatalogue {
  readonly #entries: ReadonlyMap<string, ScopeEntry>;
  readonly #expanded = new Map<string, readonly string[]>();

  /**
   * @param custom the scopes of the settings, by name (`custom:…`).
   * @throws AtollError `ATOLL_SCOPE_INVALID` for a name or an included scope that is no declared custom scope.
   */
  constructor(custom: Readonly<Record<string, CustomScope>> = {}) {
    for (const [name, { scopes }] of Object.entries(custom)) {
      if (!customName.test(name))
        throw new AtollError('ATOLL_SCOPE_INVALID', `"${name}" is not a valid name for a custom scope.`);
      const unknown = scopes.find((scope) => !Object.hasOwn(custom, scope));
      if (unknown !== undefined)
        throw new AtollError(
          'ATOLL_SCOPE_INVALID',
          `The custom scope "${name}" includes "${unknown}", which is not a custom scope.`,
        );
    }
    const declared = Object.entries(custom).map(([name, { description, scopes }]): [string, ScopeEntry] => [
      name,
      { description, includes: scopes },
    ]);
    this.#entries = new Map([...Object.entries(scopeTree), ...declared]);
  }

  /** Whether a scope (without filter) exists. */
  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /** Whether a scope as it is written, with or without a filter, exists. */
  knows(scope: string): boolean {
    return this.has(parseScope(scope)?.name ?? '');
  }

  /** What a scope permits, in words. */
  describe(name: string): string {
    return this.#entries.get(name)?.description ?? name;
  }

  /** The scope itself and all that it implies, directly or not. Empty when it does not exist. */
  expand(name: string): readonly string[] {
    const known = this.#expanded.get(name);
    if (known) return known;
    const found = new Set<string>();
    const visit = (scope: string): void => {
      const entry = this.#entries.get(scope);
      if (!entry || found.has(scope)) return;
      found.add(scope);
      for (const included of entry.includes) visit(included);
    };
    visit(name);
    const result = [...found];
    if (this.#entries.has(name)) this.#expanded.set(name, result);
    return result;
  }
}
