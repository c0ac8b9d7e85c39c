import { userInfo } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ProcessWorld } from './support/processWorld.ts';

const isRoot = process.getuid?.() === 0;
if (!isRoot)
  process.stdout.write('skipped: services as other accounts, because only root can become another account\n');

let world: ProcessWorld;
beforeAll(async () => {
  world = await ProcessWorld.open({ allowForkServers: false });
});
afterAll(() => world.dispose());

const service = (id: string, more: { account?: string; directory?: string } = {}) => ({
  id,
  kind: 'service' as const,
  owner: `service:${id}`,
  ...more,
});

/** Reserves and starts a service that says who and where it is. */
async function start(id: string, more: { account?: string; directory?: string } = {}): Promise<string[]> {
  const place = service(id, more);
  const reservation = await world.runtime.reserve({ ...place, ports: [] });
  await world.runtime.start({
    ...place,
    command: ['sh', '-c', 'id -un; pwd; echo "$HOME"'],
    environment: {},
    files: {},
    resources: {},
    reservation,
  });
  await world.exited(id);
  return world.runtime.logTail(id, 10);
}

test('a service starts as Atoll’s own account, in a home of its own that no user has', async () => {
  const [account, folder, home] = await start('plain');
  expect(account).toBe(userInfo().username);
  expect(folder).toBe(home);
  expect(home).toMatch(/homes\/service=3Aplain$/);
});

test('it starts in the folder that it was given', async () => {
  expect((await start('elsewhere', { directory: '/usr' }))[1]).toBe('/usr');
});

test('a folder that is not there is told', async () => {
  await expect(start('nowhere', { directory: '/nowhere-at-all' })).rejects.toMatchObject({
    code: 'ATOLL_LAUNCH_FAILED',
  });
});

test.skipIf(!isRoot)('it runs as the account that the operator names, also one of the system', async () => {
  expect((await start('other', { account: 'nobody', directory: '/' })).slice(0, 2)).toEqual(['nobody', '/']);
});

test('one for an account that is not there does not start, least of all as root', async () => {
  await expect(start('missing', { account: 'no-such-account' })).rejects.toMatchObject({
    code: 'ATOLL_ACCOUNT_MISSING',
  });
  await expect(start('odd', { account: '../root' })).rejects.toMatchObject({ code: 'ATOLL_ACCOUNT_MISSING' });
  expect(await world.runtime.get('missing')).toBeUndefined();
});
