import { describe, expect, test } from 'vitest';
import { load, short } from './settingsFrom.ts';

const kubernetes = 'atoll: { runtime: { kind: kubernetes } }';
const db = (text: string): string => `jupyterhub: { hub: { db: ${text} } }`;

describe('hub.db', () => {
  test('is a PostgreSQL database, with its password apart or in the address', async () => {
    const { settings, problems } = await load(
      kubernetes,
      db('{ type: postgres, url: postgresql://hub@db/hub, password: "012" }'),
    );
    expect(problems).toEqual([]);
    expect(settings.database).toEqual({ url: 'postgresql://hub@db/hub', password: '012' });
    const other = await load(kubernetes, db('{ type: other, url: "postgresql+asyncpg://hub:p@db:6000/hub" }'));
    expect(other.problems).toEqual([]);
    expect(other.settings.database).toEqual({ url: 'postgresql+asyncpg://hub:p@db:6000/hub' });
  });

  test('is SQLite on the volume when nothing else is said, also where z2jh would have another kind', async () => {
    expect((await load(kubernetes)).settings.database).toBeUndefined();
    for (const type of ['mysql', 'sqlite-memory']) {
      const { settings, problems } = await load(kubernetes, db(`{ type: ${type}, url: "mysql://hub:p@db/hub" }`));
      expect(settings.database).toBeUndefined();
      expect(problems.map(short)).toEqual([
        expect.stringContaining('The data is kept in SQLite, on the volume of hub.db.pvc, or in postgres.'),
      ]);
    }
  });

  test('without an address, or with another, is refused, and the address is not shown', async () => {
    for (const [text, place] of [
      ['{ type: postgres }', '2.yaml:1:34'],
      ['{ type: other, url: "mysql://hub:hidden@db/hub" }', '2.yaml:1:46'],
    ] as const) {
      const { problems } = await load(kubernetes, db(text));
      expect(problems.map(short)).toEqual([
        `${place} ATOLL_SETTINGS_CONFLICT jupyterhub.hub.db.${text.includes('url') ? 'url' : 'type'}: hub.db.url must be the address of a PostgreSQL database: postgresql://USER@HOST:5432/DATABASE.`,
      ]);
    }
  });

  test('on one machine the data is in the data folder', async () => {
    const { settings } = await load(db('{ type: postgres, url: postgresql://hub@db/hub }'));
    expect(settings.database).toBeUndefined();
  });
});
