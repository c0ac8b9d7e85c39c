import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPostgres, openPostgresForReading } from '../../src/store/postgres/openPostgres.ts';
import type { Store } from '../../src/store/store.ts';
import { noPostgresReason, PostgresServer } from '../support/postgresServer.ts';
import { SilentProxy } from '../support/silentProxy.ts';
import { until } from '../support/until.ts';
import { addGroup, groupNames, storeContract } from './storeContract.ts';

if (noPostgresReason !== undefined)
  process.stdout.write(`skipped: the store in PostgreSQL, because ${noPostgresReason}\n`);

describe.skipIf(noPostgresReason !== undefined)('PostgreSQL', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await PostgresServer.start();
  });
  afterAll(() => server?.close());

  const never = (error: Error): never => {
    throw error;
  };
  const open = (url: string, onLost: (error: Error) => void = never, patienceMs?: number): Promise<Store> =>
    openPostgres({ url, password: server.password }, { onLost, ...(patienceMs !== undefined && { patienceMs }) });

  storeContract('PostgreSQL', async () => {
    const url = await server.makeDatabase();
    return { open: () => open(url), remove: async () => undefined };
  });

  test('a hub waits for the one before it, and no two work on one database', async () => {
    const url = await server.makeDatabase();
    const first = await open(url);
    await addGroup(first, 'a');
    await expect(open(url, never, 0)).rejects.toMatchObject({ code: 'ATOLL_ALREADY_RUNNING' });
    const second = open(url);
    await first.close();
    const store = await second;
    expect(await groupNames(store)).toEqual(['a']);
    await store.close();
  });

  test('a hub whose connection is lost is told, once, and writes no more', async () => {
    const url = await server.makeDatabase();
    const lost: Error[] = [];
    const store = await open(url, (error) => lost.push(error));
    await addGroup(store, 'a');
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const { promise: pause, resolve: goOn } = Promise.withResolvers<void>();
    const half = store.write(async ({ db }) => {
      await db.insertInto('groups').values({ name: 'half', properties: '{}' }).execute();
      begin();
      await pause;
    });
    await begun;
    await server.stop();
    await until('the hub is told', () => lost.length > 0);
    goOn();
    await expect(half).rejects.toMatchObject({ code: 'ATOLL_DATABASE_AWAY', status: 503 });
    await expect(addGroup(store, 'b')).rejects.toMatchObject({ code: 'ATOLL_DATABASE_AWAY' });
    await expect(groupNames(store)).rejects.toMatchObject({ code: 'ATOLL_DATABASE_AWAY' });
    await server.run();
    // Another hub may have worked meanwhile.
    await expect(addGroup(store, 'c')).rejects.toMatchObject({ code: 'ATOLL_DATABASE_AWAY' });
    await store.close();
    const next = await open(url);
    expect(await groupNames(next)).toEqual(['a']);
    await next.close();
    expect(lost).toHaveLength(1);
  });

  test('a database whose machine vanishes without a word is noticed: reads and writes fail in time, and the hub is told', async () => {
    const url = await server.makeDatabase();
    const proxy = await SilentProxy.start(server.port);
    const lost: Error[] = [];
    const address = { url: url.replace(`:${server.port}/`, `:${proxy.port}/`), password: server.password };
    const store = await openPostgres(address, { onLost: (error) => lost.push(error), answerMs: 1000 });
    await addGroup(store, 'a');
    expect(await groupNames(store)).toEqual(['a']);
    proxy.fallSilent();
    const away = { code: 'ATOLL_DATABASE_AWAY', status: 503 };
    await Promise.all([
      expect(groupNames(store)).rejects.toMatchObject(away),
      expect(addGroup(store, 'b')).rejects.toMatchObject(away),
    ]);
    await until('the hub is told', () => lost.length > 0);
    await expect(addGroup(store, 'c')).rejects.toMatchObject(away);
    await store.close();
    // The lock is that of the session before until the database notices: it sees the connection end here.
    proxy.close();
    const next = await open(url);
    expect(await groupNames(next)).toEqual(['a']);
    await next.close();
    expect(lost).toHaveLength(1);
  });

  test('a hub waits for a database that is not there yet, and says so when it does not come', async () => {
    const url = await server.makeDatabase();
    await server.stop();
    await expect(open(url, never, 0)).rejects.toMatchObject({
      code: 'ATOLL_DATABASE_AWAY',
      evidence: expect.stringContaining(`127.0.0.1:${server.port}/`) as string,
    });
    const opening = open(url);
    await server.run();
    await (await opening).close();
  });

  test('a wrong password, a database that is not there and missing rights are told, without the password', async () => {
    const url = await server.makeDatabase();
    const refused = { code: 'ATOLL_DATABASE_REFUSED', status: 500 };
    const wrong = openPostgres({ url, password: 'not-the-password' }, { onLost: never });
    await expect(wrong).rejects.toMatchObject(refused);
    await expect(wrong).rejects.not.toMatchObject({ evidence: expect.stringContaining('not-the-password') as string });
    await expect(open(`${url}x`)).rejects.toMatchObject(refused);
    const [, name = ''] = /(\w+)$/.exec(url) ?? [];
    const other = await server.makeDatabase();
    // In the database of somebody else.
    await expect(open(other.replace(/\w+@/, `${name}@`))).rejects.toMatchObject(refused);
    await expect(openPostgres({ url: 'mysql://u@h/d' }, { onLost: never })).rejects.toMatchObject(refused);
  });

  test('can be looked at while a hub works with it', async () => {
    const url = await server.makeDatabase();
    const address = { url, password: server.password };
    const store = await open(url);
    await addGroup(store, 'a');
    const db = await openPostgresForReading(address);
    expect(await db.selectFrom('groups').select('name').execute()).toEqual([{ name: 'a' }]);
    await db.destroy();
    await store.close();
  });

  test('a text with a zero in it is a bad request, and disturbs no other write', async () => {
    const store = await open(await server.makeDatabase());
    const outcomes = await Promise.allSettled(['a', 'b\0c', 'd'].map((name) => addGroup(store, name)));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(outcomes[1]).toMatchObject({ reason: { code: 'ATOLL_BAD_REQUEST', status: 400 } });
    const asked = store.db.selectFrom('groups').select('id').where('name', '=', 'b\0c').execute();
    await expect(asked).rejects.toMatchObject({ code: 'ATOLL_BAD_REQUEST' });
    await store.close();
  });

  test('addresses are read as SQLAlchemy writes them', async () => {
    const url = await server.makeDatabase();
    const withPassword = url.replace('@', `:${server.password}@`).replace('postgresql:', 'postgresql+psycopg2:');
    const store = await openPostgres({ url: withPassword }, { onLost: never });
    expect(await groupNames(store)).toEqual([]);
    await store.close();
  });
});
