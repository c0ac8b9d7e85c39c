import { expect, test } from 'vitest';
import { Metrics } from '../../src/observability/metrics/metrics.ts';
import { followServerMetrics } from '../../src/servers/serverMetrics.ts';
import { createWorld, openServers } from '../support/serverWorld.ts';
import { until } from '../support/until.ts';

test('each start is counted once: one of a restart too, and none again when a server that has stopped is changed', async () => {
  const world = await createWorld({ allowNamedServers: true });
  const metrics = new Metrics();
  const unfollow = await followServerMetrics(world.store, metrics);
  const { servers } = await openServers(world);
  const starts = async (): Promise<number> => {
    const count = /^jupyterhub_server_spawn_duration_seconds_count\{status="success",reason=""\} (\d+)$/m;
    return Number(count.exec(await metrics.render())?.[1] ?? 0);
  };
  try {
    await servers.start('ada', 'gpu');
    await until('the start', async () => (await starts()) === 1);
    await servers.restart('ada', 'gpu');
    await until('the start of the restart', async () => (await starts()) === 2);
    await servers.stop('ada', 'gpu');
    expect(await servers.settled('ada', 'gpu', 20_000)).toMatchObject({ phase: 'stopped' });
    await servers.change('ada', 'gpu', { displayName: 'With a GPU' });
    await servers.start('ada', 'other');
    await until('another start', async () => (await servers.get('ada', 'other'))?.phase === 'ready');
    await until('its count', async () => (await starts()) > 2);
    expect(await starts()).toBe(3);
  } finally {
    unfollow();
    await servers.close();
    await world.runtime.close();
    await world.store.close();
  }
});
