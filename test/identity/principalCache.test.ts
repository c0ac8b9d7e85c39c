import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PrincipalCache, type TokenBearer } from '../../src/identity/principalCache.ts';
import { ScopeSet } from '../../src/identity/scopes/scopeSet.ts';
import { ChangeFeed } from '../../src/store/changeFeed.ts';
import { type IdentityWorld, openIdentityWorld } from '../support/identityWorld.ts';

describe('a token that was used before', () => {
  let world: IdentityWorld;
  let token: string;
  beforeEach(async () => {
    const roles = [
      { name: 'readers', description: '', scopes: ['read:hub'], users: [], groups: ['lab'], services: [] },
    ];
    world = await openIdentityWorld({ roles });
    await world.server('grace', '');
    token = await world.token('ada');
    if (!(await world.identity.fromToken(token))) throw new Error('the token is no good');
  });
  afterEach(() => world.close());

  const holds = async (scope: string): Promise<boolean> =>
    (await world.identity.fromToken(token))?.scopes.toList().includes(scope) ?? false;

  test('is nobody’s as soon as it is revoked', async () => {
    const { id } = await world.user('ada');
    const [stored] = await world.identity.tokens.list(id);
    if (stored) await world.identity.tokens.revoke(stored);
    expect(await world.identity.fromToken(token)).toBeUndefined();
  });

  test('is nobody’s when its owner is deleted, even if somebody of that name comes back', async () => {
    await world.identity.users.delete('ada');
    await world.user('ada');
    expect(await world.identity.fromToken(token)).toBeUndefined();
  });

  test('ends at its time', async () => {
    const { id } = await world.user('ada');
    const made = await world.identity.tokens.create({ userId: id, scopes: [], note: '', expiresInSeconds: 10 });
    expect(await world.identity.fromToken(made.secret)).toBeDefined();
    world.clock.advance(11);
    expect(await world.identity.fromToken(made.secret)).toBeUndefined();
  });

  test('follows the admin flag, groups and shares of its owner at once', async () => {
    await world.identity.users.setAdmin('ada', true);
    expect(await holds('admin:users')).toBe(true);
    await world.identity.users.setAdmin('ada', false);
    expect(await holds('admin:users')).toBe(false);

    await world.identity.groups.create(['lab'], ['ada']);
    expect(await holds('read:hub')).toBe(true);
    await world.identity.groups.removeUsers('lab', ['ada']);
    expect(await holds('read:hub')).toBe(false);

    const server = await world.identity.shares.server('grace', '');
    if (!server) throw new Error('no server');
    await world.identity.shares.grant(server, { user: 'ada' }, ['access:servers']);
    expect(await holds('access:servers!server=grace/')).toBe(true);
    await world.identity.users.rename('grace', 'hopper');
    expect(await holds('access:servers!server=grace/')).toBe(false);
    expect(await holds('access:servers!server=hopper/')).toBe(true);
    await world.identity.users.delete('hopper');
    expect(await holds('access:servers!server=hopper/')).toBe(false);
  });
});

describe('the cache itself', () => {
  const bearer: TokenBearer = {
    principal: { kind: 'user', name: 'ada', admin: false, groups: [], scopes: ScopeSet.empty, tokenId: 'a7' },
    tokenId: 7,
    userId: 1,
    ofServer: false,
    expiresAt: null,
    restsOn: ['servers:grace/'],
  };
  let feed: ChangeFeed;
  let cache: PrincipalCache;
  let finds: number;
  const find = async (): Promise<TokenBearer> => {
    finds++;
    return bearer;
  };
  beforeEach(() => {
    feed = new ChangeFeed();
    cache = new PrincipalCache(feed);
    finds = 0;
  });

  test('looks up once', async () => {
    for (let use = 0; use < 3; use++) expect(await cache.get('hash', find)).toBe(bearer);
    expect(finds).toBe(1);
  });

  test.each([
    ['users', 'ada'],
    ['tokens', 'a7'],
    ['servers', 'grace/'],
    ['groups', 'any'],
    ['shares', 'any/'],
  ] as const)('forgets at a change of %s %s, and only of what it rests on', async (topic, key) => {
    await cache.get('hash', find);
    feed.publish('users', 'grace');
    feed.publish('tokens', 'a8');
    feed.publish('servers', 'ada/');
    await cache.get('hash', find);
    expect(finds).toBe(1);
    feed.publish(topic, key);
    await cache.get('hash', find);
    expect(finds).toBe(2);
  });

  test('does not keep what was read before a change that came meanwhile', async () => {
    await cache.get('hash', async () => {
      feed.publish('tokens', 'a7');
      return bearer;
    });
    await cache.get('hash', find);
    expect(finds).toBe(1);
  });
});
