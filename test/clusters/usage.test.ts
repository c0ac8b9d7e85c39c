import { afterEach, describe, expect, test } from 'vitest';
import { createGatewayApi } from '../../src/api/gateway/createGatewayApi.ts';
import { csvAnswer, usageQuestionFrom } from '../../src/api/gateway/usageAnswer.ts';
import type { GatewayPrincipal } from '../../src/clusters/clusterAccess.ts';
import type { Clusters } from '../../src/clusters/clusters.ts';
import { gatewayAccessScope } from '../../src/identity/roles/defaultRoles.ts';
import { ScopeSet } from '../../src/identity/scopes/scopeSet.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { ClusterWorld } from '../support/clusterWorld.ts';
import { TestClock } from '../support/identityWorld.ts';
import { until } from '../support/until.ts';

const day = '2026-11-23';
const nextDay = '2026-11-24';
const ada = { name: 'ada', groups: ['geo', 'bio'], admin: false };
let world: ClusterWorld;
let clock: TestClock;
let clusters: Clusters;
afterEach(() => world.close());

/** A cluster of 1 core and 100 bytes, with workers of 2 cores and 1000 bytes. */
async function running(workers: number): Promise<string> {
  const { name } = await clusters.create(ada, {});
  await clusters.waitForChange(name, 20_000);
  await clusters.scale(name, BigInt(workers));
  await until('workers', () => world.liveWorkers.length === workers);
  return name;
}

async function open(): Promise<void> {
  world = await ClusterWorld.create({ worker: { memory: 1000, cores: 2 }, scheduler: { memory: 100, cores: 1 } });
  clock = new TestClock();
  ({ clusters } = await world.open({ clock }));
}

const report = (core_seconds: number, byte_seconds: number): object => ({
  lost: [],
  missing: 0,
  used: { core_seconds, byte_seconds },
});
const all = { from: '2026-11-01', to: '2026-12-31' };

describe('what was asked for', () => {
  test('is counted for what runs, and stays when it has ended', async () => {
    await open();
    const name = await running(3);
    clock.advance(100);
    const expected = { day, name: 'ada', coreSecondsRequested: 700, byteSecondsRequested: 310_000 };
    expect(await clusters.usage({ by: 'user', ...all })).toMatchObject([expected]);
    await clusters.stop(name, 'Stopped by ada.');
    await until('an end', async () => (await clusters.get(name))?.ended);
    clock.advance(1000);
    expect(await clusters.usage({ by: 'user', ...all })).toMatchObject([expected]);
    await clusters.removeAllOf('ada', 1000);
    expect(await clusters.usage({ by: 'cluster', ...all })).toMatchObject([{ ...expected, name, user: 'ada' }]);
    expect(await clusters.usage({ by: 'group', ...all })).toMatchObject([
      { ...expected, name: 'bio' },
      { ...expected, name: 'geo' },
    ]);
  });

  test('is that of each worker for as long as it was there, and split by days', async () => {
    await open();
    const name = await running(1);
    clock.advance(11 * 3600);
    world.scheduler(name).report();
    await clusters.scale(name, 0n);
    await until('no worker', () => world.liveWorkers.length === 0);
    await until('that it is counted', async () => {
      const rows = await world.store.db.selectFrom('workers').select('name').execute();
      return rows.length === 0;
    });
    clock.advance(2 * 3600);
    expect(await clusters.usage({ by: 'user', ...all })).toMatchObject([
      { day, coreSecondsRequested: (12 * 1 + 11 * 2) * 3600 },
      { day: nextDay, coreSecondsRequested: 3600 },
    ]);
    expect(await clusters.usage({ by: 'user', from: nextDay, to: nextDay })).toHaveLength(1);
  });

  test('is neither lost nor counted twice when the hub is another one', async () => {
    await open();
    await running(3);
    clock.advance(50);
    await clusters.close();
    clock.advance(50);
    ({ clusters } = await world.open({ clock }));
    expect(await clusters.usage({ by: 'user', ...all })).toMatchObject([{ coreSecondsRequested: 700 }]);
  });
});

describe('what was used', () => {
  test('is what schedulers tell; telling it twice adds nothing, and a new scheduler begins at nothing', async () => {
    await open();
    const name = await running(0);
    for (const used of [report(10, 1000), report(10, 1000), report(25, 4000)]) await clusters.report(name, used);
    expect(await clusters.usage({ by: 'user', ...all })).toMatchObject([
      { coreSecondsUsed: 25, byteSecondsUsed: 4000 },
    ]);
    await world.store.db.updateTable('clusters').set({ scheduler_starts: 2 }).execute();
    await clusters.report(name, report(5, 100));
    expect(await clusters.usage({ by: 'user', ...all })).toMatchObject([
      { coreSecondsUsed: 30, byteSecondsUsed: 4100 },
    ]);
  });
});

describe('the export', () => {
  const principals: Record<string, GatewayPrincipal> = {
    ada: { kind: 'user', ...ada, scopes: ScopeSet.of([gatewayAccessScope]) },
    bob: { kind: 'user', name: 'bob', groups: [], admin: false, scopes: ScopeSet.of([gatewayAccessScope]) },
    root: {
      kind: 'user',
      name: 'root',
      groups: [],
      admin: true,
      scopes: ScopeSet.of(['access:services', 'admin:servers']),
    },
  };

  async function ask(who: string, query: string): Promise<Response> {
    const api = createGatewayApi({
      clusters,
      version: '1',
      log: silentLogger(),
      authenticate: () => Promise.resolve(principals[who]),
    });
    return api.request(`/api/v1/usage${query}`);
  }

  test('is JSON or CSV; people see their own, administrators everybody’s and that of groups', async () => {
    await open();
    const name = await running(1);
    clock.advance(10);
    const range = `from=${day}&to=${day}`;
    const own = (await (await ask('ada', `?by=cluster&${range}`)).json()) as { usage: object[] };
    expect(own.usage).toEqual([
      {
        day,
        name,
        user: 'ada',
        core_seconds_requested: 30,
        byte_seconds_requested: 11_000,
        core_seconds_used: 0,
        byte_seconds_used: 0,
      },
    ]);
    expect(await (await ask('bob', `?${range}`)).json()).toEqual({ usage: [] });
    expect((await ask('bob', `?by=group&${range}`)).status).toBe(403);
    const csv = await ask('root', `?by=group&format=csv&${range}`);
    expect(csv.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect((await csv.text()).split('\r\n')).toEqual([
      'day,name,user,core_seconds_requested,byte_seconds_requested,core_seconds_used,byte_seconds_used',
      `${day},bio,,30,11000,0,0`,
      `${day},geo,,30,11000,0,0`,
      '',
    ]);
  });

  test('goes back 30 days from the last one that is asked for', async () => {
    await open();
    const { question } = usageQuestionFrom({ to: '2026-03-01' }, new Date('2026-11-24T12:00:00Z'));
    expect(question).toEqual({ by: 'user', from: '2026-01-30', to: '2026-03-01' });
  });

  test('does not let a spreadsheet compute names', async () => {
    const zero = { coreSecondsRequested: 0, byteSecondsRequested: 0, coreSecondsUsed: 0, byteSecondsUsed: 0 };
    await open();
    const text = await csvAnswer([{ day, name: '=HYPERLINK("http://x")', ...zero }]).text();
    expect(text.split('\r\n')[1]).toBe(`${day},"'=HYPERLINK(""http://x"")",,0,0,0,0`);
  });

  test.each([
    ['?by=planet', 'by must be one of user, group, cluster'],
    ['?format=xml', 'format must be json or csv'],
    ['?from=yesterday', 'from must be a day such as 2026-11-24'],
    ['?to=2026-13-01', 'to must be a day such as 2026-11-24'],
    ['?from=2026-11-30&to=2026-11-01', 'from must not be after to, got 2026-11-30 and 2026-11-01'],
  ])('%s is refused', async (query, error) => {
    await open();
    const answer = await ask('root', query);
    expect([answer.status, ((await answer.json()) as { error: string }).error]).toEqual([422, error]);
  });
});
