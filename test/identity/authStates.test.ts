import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { parseCryptKey } from '../../src/core/cryptKey.ts';
import { Sealer } from '../../src/core/sealer.ts';
import { AuthStates } from '../../src/identity/authStates.ts';
import { openIdentityWorld } from '../support/identityWorld.ts';

const hex = (): string => randomBytes(32).toString('hex');
const own = new Sealer(randomBytes(32));
const voucher = { provider: 'github', subject: '7', askedAt: 5 };

describe('keys of JupyterHub', () => {
  const key = Buffer.from('0123456789abcdef0123456789ABCDEF');
  test.each([
    ['hexadecimal', key.toString('hex')],
    ['base64', key.toString('base64')],
    ['base64 for URLs', `${key.toString('base64url')}=`],
    ['32 characters', key.toString()],
  ])('as %s', (_what, text) => expect(parseCryptKey(text)).toEqual(key));
  test.each(['', 'short', 'x'.repeat(31), 'x'.repeat(33), 'z'.repeat(64), `${'é'.repeat(31)}x`])('%j is none', (text) =>
    expect(parseCryptKey(text)).toBeUndefined(),
  );
});

describe('what authenticators remember', () => {
  afterEach(() => {
    delete process.env.JUPYTERHUB_CRYPT_KEY;
  });

  async function open(...allKeys: string[][]) {
    const world = await openIdentityWorld();
    const states = allKeys.map(
      (cryptKeys) => new AuthStates({ store: world.store, sealer: own, cryptKeys, readable: true }),
    );
    return { world, user: await world.user('ada'), states };
  }

  test('is sealed, each for its owner, and readable where that is wanted', async () => {
    const { world, user, states } = await open([]);
    await states[0]?.keep(user, voucher, { access_token: 'the-token' });
    expect(await states[0]?.read(user)).toEqual({ access_token: 'the-token' });
    const rows = await world.store.db.selectFrom('users').selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain('the-token');
    // The row of one put into another's does not open.
    const eve = await world.user('eve');
    await world.store.db
      .updateTable('users')
      .set({ auth_state: rows[0]?.auth_state ?? '' })
      .where('id', '=', eve.id)
      .execute();
    await expect(states[0]?.read(eve)).rejects.toMatchObject({ code: 'ATOLL_AUTH_STATE_CLOSED' });
    await world.close();
  });

  test('is for the hub alone where it is not', async () => {
    const { world, user } = await open();
    const states = new AuthStates({ store: world.store, sealer: own, cryptKeys: [], readable: false });
    await states.keep(user, voucher, { access_token: 'the-token' });
    expect(await states.read(user)).toBeNull();
    expect(await states.remembered(user)).toEqual({ access_token: 'the-token' });
    await world.close();
  });

  test('opens with older keys, and is sealed again with the first one, after which those can go', async () => {
    const [old, next] = [hex(), hex()];
    const { world, user, states } = await open([], [old], [next, old], [next]);
    const [before, first, both, last] = states;
    await before?.keep(user, voucher, { n: 1 });
    // What Atoll's own key sealed stays readable when the settings begin to name one.
    expect(await first?.read(user)).toEqual({ n: 1 });
    await first?.write(user, { n: 2 });
    await expect(last?.read(user)).rejects.toMatchObject({ code: 'ATOLL_AUTH_STATE_CLOSED' });
    expect(await last?.sealAgain()).toBe(1);
    expect(await both?.sealAgain()).toBe(0);
    expect(await last?.read(user)).toEqual({ n: 2 });
    expect(await last?.sealAgain()).toBe(0);
    await world.close();
  });

  test('of many people is sealed again for each of them, whichever cannot be opened', async () => {
    const [old, next] = [hex(), hex()];
    const { world, states } = await open([old], [next, old], [next]);
    const [before, both, last] = states;
    const many = await world.identity.users.create(Array.from({ length: 1100 }, (_, index) => `user-${index}`));
    for (const user of many) await before?.keep(user, voucher, { of: user.name });
    await world.store.db.updateTable('users').set({ auth_state: 'v1.x' }).where('name', '=', 'user-499').execute();
    expect(await both?.sealAgain()).toBe(1);
    for (const user of many.filter(({ name }) => name !== 'user-499'))
      expect(await last?.read(user)).toEqual({ of: user.name });
    await world.close();
  });

  test('takes keys from JUPYTERHUB_CRYPT_KEY, unless the settings name some', async () => {
    const [one, two] = [hex(), hex()];
    const written = await open([one]);
    await written.states[0]?.write(written.user, { n: 1 });
    process.env.JUPYTERHUB_CRYPT_KEY = `${two};${one}`;
    const store = { store: written.world.store, sealer: own, readable: true };
    expect(await new AuthStates({ ...store, cryptKeys: [] }).read(written.user)).toEqual({ n: 1 });
    await expect(new AuthStates({ ...store, cryptKeys: [two] }).read(written.user)).rejects.toMatchObject({
      code: 'ATOLL_AUTH_STATE_CLOSED',
    });
    process.env.JUPYTERHUB_CRYPT_KEY = 'no key';
    expect(() => new AuthStates({ ...store, cryptKeys: [] })).toThrow('holds something that is no key');
    await written.world.close();
  });

  test('is forgotten with null, and so is whose account the user is', async () => {
    const { world, user, states } = await open([]);
    await states[0]?.keep(user, voucher, { n: 1 });
    expect((await world.identity.users.get('ada'))?.vouchedBy).toEqual(voucher);
    await states[0]?.write(user, null);
    expect(await states[0]?.read(user)).toBeNull();
    expect((await world.identity.users.get('ada'))?.vouchedBy).toBeNull();
    await world.close();
  });
});
