import { array, assert, constantFrom, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RoleSettings } from '../../src/config/settings.ts';
import { RoleBook } from '../../src/identity/roles/roleBook.ts';
import { requestedScopes, scopesOfService, scopesOfUser } from '../../src/identity/scopes/effectiveScopes.ts';
import { parseScope } from '../../src/identity/scopes/parseScope.ts';
import { resolveScopes } from '../../src/identity/scopes/resolveScopes.ts';
import { ScopeCatalogue } from '../../src/identity/scopes/scopeCatalogue.ts';
import { type Resource, ScopeSet } from '../../src/identity/scopes/scopeSet.ts';
import { scopeTree } from '../../src/identity/scopes/scopeTree.ts';

const catalogue = new ScopeCatalogue();
const resolve = (scopes: string[], holder = {}): string[] => [...resolveScopes(scopes, holder, catalogue)].sort();

test.each([
  ['read:users', { name: 'read:users' }],
  ['read:users!user', { name: 'read:users', filter: { kind: 'user' } }],
  ['read:users!user=ada', { name: 'read:users', filter: { kind: 'user', value: 'ada' } }],
  ['access:servers!server=ada/', { name: 'access:servers', filter: { kind: 'server', value: 'ada/' } }],
  ['access:servers!server=a!b=c/d', { name: 'access:servers', filter: { kind: 'server', value: 'a!b=c/d' } }],
  ['access:servers!server=ada', undefined],
  ['read:users!user=', undefined],
  ['read:users!', undefined],
  ['read:users!color=red', undefined],
  ['!user=ada', undefined],
  ['', undefined],
])('parse %j', (text, expected) => {
  expect(parseScope(text)).toEqual(expected);
});

describe('the tree', () => {
  test('every included scope exists', () => {
    const included = Object.values(scopeTree).flatMap((entry) => entry.includes);
    expect(included.filter((scope) => !Object.hasOwn(scopeTree, scope))).toEqual([]);
  });

  test.each<[string, string[]]>([
    ['read:users', ['read:users', 'read:users:activity', 'read:users:groups', 'read:users:name']],
    ['servers', ['delete:servers', 'read:servers', 'read:users:name', 'servers', 'start:servers']],
    ['tokens', ['read:tokens', 'tokens']],
    ['groups', ['groups', 'list:groups', 'read:groups', 'read:groups:name']],
    ['users:activity', ['read:users:activity', 'users:activity']],
    [
      'shares',
      [
        'access:servers',
        'groups:shares',
        'read:groups:shares',
        'read:shares',
        'read:users:shares',
        'shares',
        'users:shares',
      ],
    ],
    [
      'admin:users',
      [
        'admin:auth_state',
        'admin:users',
        'delete:users',
        'list:users',
        'read:roles:users',
        'read:users',
        'read:users:activity',
        'read:users:groups',
        'read:users:name',
        'users',
        'users:activity',
      ],
    ],
    ['no:such', []],
  ])('%s implies exactly these', (scope, expected) => {
    expect([...catalogue.expand(scope)].sort()).toEqual(expected.sort());
  });

  test('reading users does not mean reading their servers', () => {
    expect(catalogue.expand('admin:users')).not.toContain('read:servers');
  });

  test('custom scopes include custom scopes only', () => {
    const own = new ScopeCatalogue({
      'custom:grades:read': { description: 'Read grades', scopes: [] },
      'custom:grades:write': { description: 'Write grades', scopes: ['custom:grades:read'] },
    });
    expect(own.expand('custom:grades:write')).toEqual(['custom:grades:write', 'custom:grades:read']);
    expect(own.describe('custom:grades:read')).toBe('Read grades');
    expect(() => new ScopeCatalogue({ 'custom:a:b': { description: '', scopes: ['admin:users'] } })).toThrow(
      /includes/,
    );
    expect(() => new ScopeCatalogue({ 'admin:everything': { description: '', scopes: [] } })).toThrow(/valid name/);
  });
});

describe('resolving self-references', () => {
  test.each<[string[], object, string[]]>([
    [['users:activity!user'], { user: 'ada' }, ['read:users:activity!user=ada', 'users:activity!user=ada']],
    [['users:activity!user'], { service: 'culler' }, []],
    [['access:servers!server'], { user: 'ada', server: 'ada/gpu' }, ['access:servers!server=ada/gpu']],
    [['access:servers!server'], { user: 'ada' }, []],
    [['access:services!service'], { service: 'culler' }, ['access:services!service=culler']],
    [['read:groups:name!group'], { user: 'ada' }, []],
    [['nonsense'], { user: 'ada' }, []],
    // What says something about a user has no meaning per server.
    [['read:servers!server=ada/'], {}, ['read:servers!server=ada/']],
    [['read:servers!user=ada'], {}, ['read:servers!user=ada', 'read:users:name!user=ada']],
    [['self'], { service: 'culler' }, []],
    [['self!user=grace'], { user: 'ada' }, []],
  ])('%j held by %j', (scopes, holder, expected) => {
    expect(resolve(scopes, holder)).toEqual(expected);
  });

  test('self is what one may do with oneself, filtered to oneself', () => {
    const self = resolve(['self'], { user: 'ada' });
    expect(self.every((scope) => scope.endsWith('!user=ada'))).toBe(true);
    expect(self).toContain('servers!user=ada');
    expect(self).toContain('tokens!user=ada');
    expect(self).toContain('access:servers!user=ada');
    expect(self).not.toContain('shares!user=ada');
    expect(self).not.toContain('admin:users!user=ada');
  });
});

test.each<[string[], string, Resource | undefined, boolean]>([
  [['read:users'], 'read:users', undefined, true],
  [['read:users'], 'read:users', { user: 'ada' }, true],
  [['read:users'], 'read:servers', { user: 'ada' }, false],
  [['read:users!user=ada'], 'read:users', { user: 'ada' }, true],
  [['read:users!user=ada'], 'read:users', { user: 'grace' }, false],
  // Creating something has no resource: a filtered scope is not enough.
  [['admin:users!user=ada'], 'admin:users', undefined, false],
  [['admin:users!group=g'], 'admin:users', undefined, false],
  [['servers!user=ada'], 'servers', { user: 'ada', server: 'gpu' }, true],
  [['servers!server=ada/gpu'], 'servers', { user: 'ada', server: 'gpu' }, true],
  [['servers!server=ada/gpu'], 'servers', { user: 'ada', server: '' }, false],
  [['servers!server=ada/gpu'], 'servers', { user: 'ada' }, false],
  [['servers!server=ada/'], 'servers', { user: 'ada', server: '' }, true],
  [['servers!group=g'], 'servers', { user: 'ada', server: '', groupsOfUser: ['g'] }, true],
  [['servers!group=g'], 'servers', { user: 'ada', server: '', groupsOfUser: ['h'] }, false],
  [['servers!group=g'], 'servers', { user: 'ada' }, false],
  [['groups!group=g'], 'groups', { group: 'g' }, true],
  [['groups!group=g'], 'groups', { group: 'h' }, false],
  [['groups!user=g'], 'groups', { group: 'g' }, false],
  [['access:services!service=s'], 'access:services', { service: 's' }, true],
  [['access:services!service=s'], 'access:services', { service: 't' }, false],
  // An unfiltered scope absorbs its filtered variants, whatever the order.
  [['users!user=ada', 'users'], 'users', { user: 'grace' }, true],
  [['users', 'users!user=ada'], 'users', { user: 'grace' }, true],
  [['users!user'], 'users', { user: 'user' }, false],
  [[], 'users', { user: 'ada' }, false],
])('%j allows %s for %j: %s', (held, scope, resource, expected) => {
  expect(ScopeSet.of(held).allows(scope, resource)).toBe(expected);
});

test.each<[string[], string[], string[]]>([
  [['users'], ['users!user=ada'], ['users!user=ada']],
  [['users!user=ada', 'users!user=grace'], ['users!user=ada'], ['users!user=ada']],
  [['users!user=ada'], ['users!user=grace'], []],
  [['users!user=ada'], ['servers!user=ada'], []],
  [['servers!server=ada/x'], ['servers!user=ada'], ['servers!server=ada/x']],
  [['servers!server=grace/x'], ['servers!user=ada'], []],
  // ada is in g, grace is not.
  [['users!user=ada', 'users!user=grace'], ['users!group=g'], ['users!user=ada']],
  [['servers!server=ada/x', 'servers!server=grace/x'], ['servers!group=g'], ['servers!server=ada/x']],
  [['users!group=g'], ['users!group=g', 'users!group=h'], ['users!group=g']],
  [['access:services!service=s'], ['access:services'], ['access:services!service=s']],
])('the intersection of %j and %j', (a, b, expected) => {
  const groupsOf = (user: string): string[] => (user === 'ada' ? ['g'] : []);
  expect(ScopeSet.of(a).intersect(ScopeSet.of(b), groupsOf).toList()).toEqual(expected);
  expect(ScopeSet.of(b).intersect(ScopeSet.of(a), groupsOf).toList()).toEqual(expected);
});

test('an intersection never allows what one of the two does not, whatever they are', () => {
  const groupsOf = (user: string): string[] => (user === 'ada' ? ['g'] : []);
  const filters = [
    '',
    '!user=ada',
    '!user=grace',
    '!group=g',
    '!group=h',
    '!server=ada/x',
    '!server=grace/',
    '!service=s',
  ];
  const scopes = ['users', 'servers', 'access:services'].flatMap((scope) => filters.map((filter) => scope + filter));
  const held = array(constantFrom(...scopes), { maxLength: 6 });
  const resources: (Resource | undefined)[] = [
    undefined,
    ...['ada', 'grace'].flatMap((user) => {
      const groupsOfUser = groupsOf(user);
      return [{ user, groupsOfUser }, ...['', 'x'].map((server) => ({ user, server, groupsOfUser }))];
    }),
    { group: 'g' },
    { service: 's' },
  ];
  assert(
    property(held, held, (a, b) => {
      const [one, other] = [ScopeSet.of(a), ScopeSet.of(b)];
      const both = one.intersect(other, groupsOf);
      for (const scope of ['users', 'servers', 'access:services'])
        for (const resource of resources)
          expect(both.allows(scope, resource)).toBe(one.allows(scope, resource) && other.allows(scope, resource));
    }),
    { numRuns: 2000 },
  );
});

test('groups are looked up only when a group filter is involved', () => {
  const mine = ScopeSet.of(['users!user=ada', 'servers!server=grace/x']);
  expect(mine.usersToLookUp(ScopeSet.of(['users']))).toEqual([]);
  expect(mine.usersToLookUp(ScopeSet.of(['users!group=g'])).sort()).toEqual(['ada', 'grace']);
});

describe('what users, services and tokens hold', () => {
  const role = (part: Partial<RoleSettings> & { name: string }): RoleSettings => ({
    description: '',
    scopes: [],
    users: [],
    groups: [],
    services: [],
    ...part,
  });
  const rulesOf = (...settings: RoleSettings[]) => ({ catalogue, roles: new RoleBook(settings, catalogue) });

  test('a user holds self, nothing more', () => {
    const scopes = scopesOfUser({ name: 'ada', admin: false, groups: [] }, rulesOf());
    expect(scopes.allows('servers', { user: 'ada', server: '' })).toBe(true);
    expect(scopes.allows('servers', { user: 'grace', server: '' })).toBe(false);
    expect(scopes.allows('access:services', { service: 'other' })).toBe(false);
    expect(scopes.has('list:users')).toBe(false);
  });

  test('an administrator holds everything there is', () => {
    const scopes = scopesOfUser({ name: 'root', admin: true, groups: [] }, rulesOf());
    const missing = Object.keys(scopeTree).filter(
      (scope) => scope !== 'self' && scope !== 'inherit' && !scopes.hasUnfiltered(scope),
    );
    expect(missing).toEqual([]);
  });

  test('roles reach users by name and by group, and services', () => {
    const rules = rulesOf(
      role({ name: 'teacher', scopes: ['read:users!group=class'], users: ['Grace'] }),
      role({ name: 'course', scopes: ['access:services!service=forms'], groups: ['class'] }),
      role({ name: 'culling', scopes: ['list:users', 'delete:servers'], services: ['culler'] }),
    );
    const grace = scopesOfUser({ name: 'grace', admin: false, groups: [] }, rules);
    expect(grace.allows('read:users', { user: 'ada', groupsOfUser: ['class'] })).toBe(true);
    const ada = scopesOfUser({ name: 'ada', admin: false, groups: ['class'] }, rules);
    expect(ada.allows('access:services', { service: 'forms' })).toBe(true);
    expect(scopesOfService({ name: 'culler', admin: false }, rules).toList()).toEqual([
      'delete:servers',
      'list:users',
      'read:users:name',
    ]);
    expect(scopesOfService({ name: 'other', admin: false }, rules).toList()).toEqual([]);
    expect(scopesOfService({ name: 'boss', admin: true }, rules).hasUnfiltered('admin:users')).toBe(true);
  });

  test('the admin flag counts, not an entry of the settings that was overruled', () => {
    const { roles } = rulesOf(role({ name: 'admin', users: ['ada'] }));
    expect(roles.ofUser({ name: 'ada', admin: false })).toEqual(['user']);
    expect(roles.ofUser({ name: 'ada', admin: true })).toEqual(['admin', 'user']);
  });

  test.each([
    [role({ name: 'admin', scopes: ['self'] }), /cannot be changed/],
    [role({ name: 'Bad Name' }), /not a valid role name/],
    [role({ name: 'typo', scopes: ['read:user'] }), /unknown scope "read:user"/],
  ])('settings that make no sense are refused', (settings, message) => {
    expect(() => rulesOf(settings)).toThrow(message);
  });

  test('a token asks for its scopes, to identify its owner, and (OAuth) to open its client', () => {
    const plain = requestedScopes({ scopes: ['read:tokens!user'], holder: { user: 'ada' }, oauth: false }, catalogue);
    expect(plain?.toList()).toEqual(['read:tokens!user=ada', 'read:users:groups!user=ada', 'read:users:name!user=ada']);
    const oauth = requestedScopes({ scopes: [], holder: { user: 'ada', server: 'grace/' }, oauth: true }, catalogue);
    expect(oauth?.allows('access:servers', { user: 'grace', server: '' })).toBe(true);
    expect(requestedScopes({ scopes: ['inherit'], holder: { user: 'ada' }, oauth: false }, catalogue)).toBeUndefined();
  });
});
