import { afterEach, expect, test } from 'vitest';
import type { Servers } from '../../src/servers/servers.ts';
import { createWorld, openServers, type World } from '../support/serverWorld.ts';
import { until } from '../support/until.ts';

const opened: { world: World; servers: Servers }[] = [];

afterEach(async () => {
  for (const { world, servers } of opened.splice(0)) {
    await servers.close();
    await world.runtime.close();
    await world.store.close();
  }
});

/** Servers on a runtime that keeps files beyond a server's end, and what was removed of them, with what ran just then. */
async function open(): Promise<{ servers: Servers; removed: string[] }> {
  const world = await createWorld({ allowNamedServers: true });
  const removed: string[] = [];
  const runtime = Object.assign(world.runtime, {
    removeHome: async (owner: string, serverName: string | undefined): Promise<void> => {
      const running = world.runtime.live.filter(({ spec }) => spec.owner === owner).length;
      removed.push(`${owner}/${serverName ?? '*'} while ${running} run`);
    },
  });
  const { servers } = await openServers(world, { runtime });
  opened.push({ world, servers });
  return { servers, removed };
}

async function start(servers: Servers, name: string): Promise<void> {
  await servers.start('ada', name);
  await until(`${name} is ready`, async () => (await servers.get('ada', name))?.phase === 'ready');
}

test('the files of a named server go with it, once it has ended; those of the default server stay', async () => {
  const { servers, removed } = await open();
  await start(servers, 'lab');
  await start(servers, '');
  await servers.remove('ada', 'lab');
  await until('it is gone', async () => (await servers.get('ada', 'lab')) === undefined);
  await servers.stop('ada', '');
  await until('it has ended', async () => (await servers.get('ada', ''))?.phase === 'stopped');
  expect(removed).toEqual(['ada/lab while 1 run']);
});

test('the files of one that does not run go at once', async () => {
  const { servers, removed } = await open();
  await servers.create('ada', 'lab');
  await servers.remove('ada', 'lab');
  expect(removed).toEqual(['ada/lab while 0 run']);
  expect(await servers.get('ada', 'lab')).toBeUndefined();
});

test('a removal that is asked for during a stop still takes the files', async () => {
  const { servers, removed } = await open();
  await start(servers, 'lab');
  await servers.stop('ada', 'lab');
  await servers.remove('ada', 'lab');
  await until('it is gone', async () => (await servers.get('ada', 'lab')) === undefined);
  expect(removed).toEqual(['ada/lab while 0 run']);
});

test('all files of a person go when they are removed, after all of their servers', async () => {
  const { servers, removed } = await open();
  await start(servers, '');
  expect(await servers.removeAllOf('ada', 10_000)).toBe(true);
  expect(removed).toEqual(['ada/* while 0 run']);
});
