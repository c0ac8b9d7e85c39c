import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { asRequestFrom, identifyActor } from '../../src/core/actor.ts';
import { AuditLog, type AuditLogOptions } from '../../src/observability/audit/auditLog.ts';
import type { AuditRecord } from '../../src/observability/audit/auditRecord.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { openSqlite } from '../../src/store/openSqlite.ts';
import type { AuditEntry, Store } from '../../src/store/store.ts';

let store: Store;
let folder: string;
beforeEach(async () => {
  store = await openSqlite(':memory:');
  folder = mkdtempSync(join(tmpdir(), 'atoll-audit-'));
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(options: Partial<AuditLogOptions> = {}): Promise<AuditLog> {
  const audit = new AuditLog({ store, folder, days: 400, entries: 1_000_000, log: silentLogger(), ...options });
  await audit.open();
  return audit;
}

const write = (entry: AuditEntry): Promise<void> => store.write(({ audit }) => audit(entry));

/** All lines of all files, in order. */
function lines(): AuditRecord[] {
  return readdirSync(folder)
    .sort()
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1))
    .map((line) => JSON.parse(line) as AuditRecord);
}

test('an entry says who, by which token, from where; what, to whom', async () => {
  const audit = await open();
  await asRequestFrom(
    () => '192.0.2.1',
    async () => {
      identifyActor({ kind: 'user', name: 'ada', tokenId: 'a7' });
      await write({ action: 'user.create', target: 'bob', details: { admin: true } });
    },
  );
  await write({ action: 'group.create', target: 'lab' });
  const [second, first] = await audit.list({ limit: 10 });
  expect(first).toMatchObject({
    actor: { kind: 'user', name: 'ada', token: 'a7', address: '192.0.2.1' },
    action: 'user.create',
    target: 'bob',
    details: { admin: true },
  });
  expect(Math.abs(Date.parse(first?.time ?? '') - Date.now())).toBeLessThan(60_000);
  expect(second).toMatchObject({ actor: { kind: 'system', name: '', token: null, address: null }, target: 'lab' });
  await audit.close();
  expect(lines()).toEqual([first, second]);
});

test('what is not committed is not told', async () => {
  const audit = await open();
  const failed = store.write(async (change) => {
    await change.audit({ action: 'user.delete', target: 'ada' });
    throw new Error('no');
  });
  await expect(failed).rejects.toThrow('no');
  expect(await audit.list({ limit: 10 })).toEqual([]);
  await audit.close();
  expect(lines()).toEqual([]);
});

test('who follows a change acts on nobody’s behalf, whoever made it', async () => {
  const followed = Promise.withResolvers<Promise<void>>();
  store.changes.follow('users', () => followed.resolve(write({ action: 'server.stop' })));
  await asRequestFrom(
    () => '192.0.2.1',
    async () => {
      identifyActor({ kind: 'user', name: 'ada' });
      await store.write(async ({ changed }) => changed('users', 'bob'));
    },
  );
  await followed.promise;
  const audit = await open();
  expect((await audit.list({ limit: 1 }))[0]?.actor).toMatchObject({ kind: 'system', address: null });
  await audit.close();
});

test('two requests at once do not mix', async () => {
  await Promise.all(
    ['ada', 'bob', 'eve'].map((name) =>
      asRequestFrom(
        () => `address of ${name}`,
        async () => {
          await Promise.resolve();
          identifyActor({ kind: 'user', name });
          await write({ action: 'user.create', target: `made by ${name}` });
        },
      ),
    ),
  );
  const audit = await open();
  for (const { actor, target } of await audit.list({ limit: 10 })) {
    expect(target).toBe(`made by ${actor.name}`);
    expect(actor.address).toBe(`address of ${actor.name}`);
  }
  await audit.close();
});

test('is asked by actor, target, action, kind of action, and page by page', async () => {
  for (let n = 0; n < 5; n++) await write({ action: 'server.start', target: `u${n}/` });
  await write({ action: 'server.stop', target: 'u1/' });
  await write({ action: 'serverless', target: 'x' });
  await write({ action: 'session.begin', target: 'ada', by: 'ada' });
  const audit = await open();
  const targetsOf = async (query: object): Promise<string[]> =>
    (await audit.list({ limit: 100, ...query })).map(({ action, target }) => `${action} ${target}`);
  expect(await targetsOf({ actor: 'ada' })).toEqual(['session.begin ada']);
  expect(await targetsOf({ target: 'u1/' })).toEqual(['server.stop u1/', 'server.start u1/']);
  expect(await targetsOf({ action: 'server.stop' })).toEqual(['server.stop u1/']);
  expect(await targetsOf({ action: 'server' })).toHaveLength(6);
  expect(await targetsOf({ action: "' or 1=1 --" })).toEqual([]);
  const seen: number[] = [];
  for (let before: number | undefined; ; ) {
    const page = await audit.list({ limit: 3, ...(before !== undefined && { before }) });
    if (page.length === 0) break;
    seen.push(...page.map(({ id }) => id));
    before = page.at(-1)?.id;
  }
  expect(seen).toEqual([8, 7, 6, 5, 4, 3, 2, 1]);
  await audit.close();
});

test('the files catch up after a crash: a line that was cut short is written again, none twice', async () => {
  const first = await open();
  await write({ action: 'one' });
  await first.close();
  await write({ action: 'two' });
  const [file = ''] = readdirSync(folder);
  appendFileSync(join(folder, file), '{"id":2,"time":"20');
  const second = await open();
  await second.close();
  expect(lines().map(({ id, action }) => `${id} ${action}`)).toEqual(['1 one', '2 two']);
  expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
});

test('a file ahead of the store (brought back from a copy) does not keep new entries out', async () => {
  const month = new Date().toISOString().slice(0, 7);
  writeFileSync(join(folder, `${month}.jsonl`), `${JSON.stringify({ id: 500 })}\n`);
  await write({ action: 'one' });
  const audit = await open();
  await write({ action: 'two' });
  await audit.close();
  expect(lines().at(-1)).toMatchObject({ action: 'two' });
});

test('what is too old goes, from the store and from the files', async () => {
  const clock = { now: () => Date.now() };
  const audit = await open({ days: 30, clock });
  writeFileSync(join(folder, '2001-01.jsonl'), '{"id":1}\n');
  await write({ action: 'old' });
  clock.now = () => Date.now() + 70 * 24 * 3600 * 1000;
  await audit.clean();
  expect(await audit.list({ limit: 10 })).toEqual([]);
  expect(readdirSync(folder)).toEqual([]);
  await audit.close();
});

test('no more than so many are kept, the newest', async () => {
  const audit = await open({ entries: 3 });
  for (let n = 0; n < 5; n++) await write({ action: `entry-${n}` });
  await audit.clean();
  expect((await audit.list({ limit: 10 })).map(({ action }) => action)).toEqual(['entry-4', 'entry-3', 'entry-2']);
  await audit.close();
});

test('details that a caller makes long do not fill the disk', async () => {
  await write({ action: 'token.create', details: { note: 'x'.repeat(100_000) } });
  const row = await store.db.selectFrom('audit_log').select('details').executeTakeFirstOrThrow();
  expect(row.details.length).toBeLessThan(5000);
});
