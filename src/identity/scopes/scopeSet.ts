import { type FilterKind, filterKinds, parseScope } from './parseScope.ts';

/** What a request is about. Undefined fields: the request is about no such thing. */
export interface Resource {
  /** A user's name. */
  user?: string;
  /** The name of one of that user's servers; "" is the default one. */
  server?: string;
  group?: string;
  service?: string;
  /** The groups that `user` is a member of now, when known: a `!group=` filter then reaches the user. */
  groupsOfUser?: readonly string[];
}

/** The groups that a user is a member of now. */
export type GroupsOf = (user: string) => readonly string[];

type Filters = ReadonlyMap<FilterKind, ReadonlySet<string>>;
type Extent = 'all' | Filters;

/**
 * What somebody holds: for each scope either everything, or the resources that its filters name. Scopes are expected
 * to be expanded and their self-references resolved (`resolveScopes`). Immutable.
 */
export class ScopeSet {
  readonly #extents: ReadonlyMap<string, Extent>;
  #list: string[] | undefined;

  private constructor(extents: ReadonlyMap<string, Extent>) {
    this.#extents = extents;
  }

  static readonly empty = new ScopeSet(new Map());

  /** A set of scopes in text form. Malformed ones and ones with an unresolved filter grant nothing. */
  static of(scopes: Iterable<string>): ScopeSet {
    const extents = new Map<string, 'all' | Map<FilterKind, Set<string>>>();
    for (const text of scopes) {
      const parsed = parseScope(text);
      if (!parsed) continue;
      const { name, filter } = parsed;
      if (!filter) {
        extents.set(name, 'all');
        continue;
      }
      const extent = extents.get(name) ?? new Map<FilterKind, Set<string>>();
      if (extent === 'all' || filter.value === undefined) continue;
      const values = extent.get(filter.kind) ?? new Set();
      extent.set(filter.kind, values.add(filter.value));
      extents.set(name, extent);
    }
    return new ScopeSet(extents);
  }

  /** Whether the scope is held for anything at all. */
  has(scope: string): boolean {
    return this.#extents.has(scope);
  }

  /** Whether the scope is held without a filter. */
  hasUnfiltered(scope: string): boolean {
    return this.#extents.get(scope) === 'all';
  }

  /** Whether the scope is held, but only with filters. */
  isFiltered(scope: string): boolean {
    const extent = this.#extents.get(scope);
    return extent !== undefined && extent !== 'all';
  }

  /** The values of one kind of filter under which a scope is held. */
  filterValues(scope: string, kind: FilterKind): ReadonlySet<string> {
    const extent = this.#extents.get(scope);
    return (extent !== 'all' && extent?.get(kind)) || new Set();
  }

  /**
   * Whether the scope is held for the resource. Without a resource only the unfiltered scope will do. A `server` is
   * reached by a filter on it, or on its owner; a user and their servers by a filter on one of the user's groups.
   */
  allows(scope: string, resource?: Resource): boolean {
    const extent = this.#extents.get(scope);
    if (extent === undefined) return false;
    if (extent === 'all') return true;
    if (!resource) return false;
    const { user, server, group, service, groupsOfUser = [] } = resource;
    const within = (kind: FilterKind, value: string): boolean => extent.get(kind)?.has(value) === true;
    if (user !== undefined) {
      if (within('user', user) || groupsOfUser.some((name) => within('group', name))) return true;
      return server !== undefined && within('server', `${user}/${server}`);
    }
    if (group !== undefined) return within('group', group);
    return service !== undefined && within('service', service);
  }

  /** What both sets hold. `groupsOf` must know the users for whom {@link usersToLookUp} asks. */
  intersect(other: ScopeSet, groupsOf: GroupsOf): ScopeSet {
    const extents = new Map<string, Extent>();
    for (const [scope, mine] of this.#extents) {
      const theirs = other.#extents.get(scope);
      if (theirs === undefined) continue;
      const both = intersectExtents(mine, theirs, groupsOf);
      if (both === 'all' || both.size > 0) extents.set(scope, both);
    }
    return new ScopeSet(extents);
  }

  /** What either set holds. */
  union(other: ScopeSet): ScopeSet {
    return ScopeSet.of([...this.toList(), ...other.toList()]);
  }

  /** Users named by filters whose groups decide {@link intersect}; empty when no group filter is involved. */
  usersToLookUp(other: ScopeSet): string[] {
    if (!this.#hasGroupFilter() && !other.#hasGroupFilter()) return [];
    return [...new Set([...this.#usersInFilters(), ...other.#usersInFilters()])];
  }

  /** The scopes in text form, sorted. */
  toList(): readonly string[] {
    this.#list ??= this.#makeList();
    return this.#list;
  }

  #makeList(): string[] {
    const list: string[] = [];
    for (const [scope, extent] of this.#extents) {
      if (extent === 'all') list.push(scope);
      else for (const [kind, values] of extent) for (const value of values) list.push(`${scope}!${kind}=${value}`);
    }
    return list.sort();
  }

  #hasGroupFilter(): boolean {
    return [...this.#extents.values()].some((extent) => extent !== 'all' && extent.has('group'));
  }

  #usersInFilters(): string[] {
    return [...this.#extents.values()].flatMap((extent) =>
      extent === 'all' ? [] : [...(extent.get('user') ?? []), ...[...(extent.get('server') ?? [])].map(ownerOf)],
    );
  }
}

function intersectExtents(a: Extent, b: Extent, groupsOf: GroupsOf): Extent {
  if (a === 'all') return b;
  if (b === 'all') return a;
  const result = new Map<FilterKind, Set<string>>();
  const keep = (kind: FilterKind, value: string): void => {
    const values = result.get(kind) ?? new Set();
    result.set(kind, values.add(value));
  };
  for (const [narrow, wide] of [
    [a, b],
    [b, a],
  ] as const) {
    for (const kind of filterKinds)
      for (const value of narrow.get(kind) ?? []) if (reaches(wide, kind, value, groupsOf)) keep(kind, value);
  }
  return result;
}

/** Whether filters reach everything that `kind=value` names. */
function reaches(filters: Filters, kind: FilterKind, value: string, groupsOf: GroupsOf): boolean {
  if (filters.get(kind)?.has(value)) return true;
  if (kind === 'group' || kind === 'service') return false;
  const user = kind === 'server' ? ownerOf(value) : value;
  if (kind === 'server' && filters.get('user')?.has(user)) return true;
  const groups = filters.get('group');
  return groups !== undefined && groupsOf(user).some((group) => groups.has(group));
}

/** The user in `USER/SERVER`. Server names hold no slash, user names neither. */
function ownerOf(server: string): string {
  return server.slice(0, server.lastIndexOf('/'));
}
