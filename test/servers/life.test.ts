import { afterEach, describe, expect, test } from 'vitest';
import type { ServerSettings } from '../../src/config/settings.ts';
import { AtollError } from '../../src/core/errors.ts';
import type { ProgressEvent } from '../../src/servers/progressBoard.ts';
import type { Server } from '../../src/servers/server.ts';
import type { Servers } from '../../src/servers/servers.ts';
import { createWorld, openServers, type World } from '../support/serverWorld.ts';
import { until } from '../support/until.ts';

const opened: { world: World; servers: Servers }[] = [];

/** A world with one hub's servers. */
async function open(settings: Partial<ServerSettings> = {}) {
  const world = await createWorld(settings);
  const { servers, routes } = await openServers(world);
  opened.push({ world, servers });
  return { world, servers, routes, runtime: world.runtime };
}

afterEach(async () => {
  for (const { world, servers } of opened.splice(0)) {
    await servers.close();
    await world.runtime.close();
    await world.store.close();
  }
});

/** Waits until the server is in this phase. */
function inPhase(servers: Servers, phase: Server['phase'], user = 'ada', name = ''): Promise<Server> {
  return until(`${user}/${name} ${phase}`, async () => {
    const server = await servers.get(user, name);
    return server?.phase === phase && server;
  });
}

async function ready(servers: Servers, user = 'ada', name = ''): Promise<Server> {
  await servers.start(user, name);
  return inPhase(servers, 'ready', user, name);
}

/** All events of a start, to the last one. */
async function eventsOf(servers: Servers, signal = new AbortController().signal): Promise<ProgressEvent[]> {
  const events: ProgressEvent[] = [];
  for await (const event of await servers.progress('ada', '', signal)) events.push(event);
  return events;
}

describe('a start', () => {
  test('is accepted at once, and leads to an answering server with a route, credentials and a progress', async () => {
    const { world, servers, routes, runtime } = await open();
    const accepted = await servers.start('ada', '', { userOptions: { image: 'x' } });
    expect(accepted).toMatchObject({
      desired: 'running',
      phase: 'starting',
      userOptions: { image: 'x' },
      readyAt: null,
    });
    const events = await eventsOf(servers);
    expect(events).toEqual([
      { progress: 0, message: 'Server requested' },
      { progress: 10, message: 'Waiting for a place' },
      { progress: 30, message: 'Starting JupyterLab' },
      { progress: 80, message: 'JupyterLab answers' },
      {
        progress: 100,
        ready: true,
        message: 'Server ready at /user/ada/',
        html_message: 'Server ready at <a href="/user/ada/">/user/ada/</a>',
        url: '/user/ada/',
      },
    ]);
    const server = await inPhase(servers, 'ready');
    const port = runtime.live[0]?.spec.reservation.ports.http;
    expect([...routes.table.values()]).toEqual([
      {
        kind: 'http',
        id: 'server:ada/',
        prefix: '/user/ada/',
        stripPrefix: false,
        access: 'open',
        target: { kind: 'tcp', host: '127.0.0.1', port },
      },
    ]);
    expect(servers.routes()).toEqual([...routes.table.values()]);
    expect(runtime.live[0]?.spec).toMatchObject({ id: server.workloadId, owner: 'ada', kind: 'server' });
    expect(runtime.live[0]?.spec.environment.JUPYTERHUB_API_TOKEN).toBe(world.credentials.good.get('ada/'));
    expect(server.readyAt).toBeGreaterThanOrEqual(server.startedAt ?? Infinity);
  });

  test('of which nobody has asked for the progress before gives only its last event', async () => {
    const { servers } = await open();
    await ready(servers);
    expect(await eventsOf(servers)).toMatchObject([{ progress: 100, ready: true }]);
  });

  test('is seen as ready within moments of the first answer', async () => {
    const { servers, runtime } = await open();
    runtime.onStart = (workload) => workload.run();
    await servers.start('ada', '');
    const workload = await until('a workload', () => runtime.live[0]);
    await new Promise((resolve) => setTimeout(resolve, 200));
    const answered = performance.now();
    await workload.answer();
    await inPhase(servers, 'ready');
    // 50 ms on an idle machine; a wait that doubles each time would take longer than this.
    expect(performance.now() - answered).toBeLessThan(2000);
  });

  test('is not heard to be ready before its route has left for the edge', async () => {
    const world = await createWorld();
    let left = false;
    // As a socket does: what is written leaves after the present turn.
    const put = (): void => process.nextTick(() => (left = true));
    const { servers } = await openServers(world, { routes: { put, delete: () => {}, revoke: () => {} } });
    opened.push({ world, servers });
    await servers.start('ada', '');
    const leftWhenHeard: boolean[] = [];
    for await (const event of await servers.progress('ada', '', new AbortController().signal))
      if (event.ready) leftWhenHeard.push(left);
    expect(leftWhenHeard).toEqual([true]);
  });

  test('asked for twice is one start', async () => {
    const { servers, runtime } = await open();
    const [first, second] = await Promise.all([servers.start('ada', ''), servers.start('ada', '')]);
    expect(second.workloadId).toBe(first.workloadId);
    await inPhase(servers, 'ready');
    expect(runtime.started).toHaveLength(1);
    await expect(servers.start('ada', '')).rejects.toMatchObject({
      code: 'ATOLL_SERVER_ALREADY_RUNNING',
      status: 400,
      message: 'ada is already running',
    });
  });

  test('may wait as long as it takes, and says what for', async () => {
    const { servers, runtime } = await open({ startTimeoutSeconds: 0.1 });
    runtime.onStart = (workload) => workload.wait('the image is being pulled');
    await servers.start('ada', '');
    const workload = await until('a workload', () => runtime.live[0]);
    await until('the reason', async () => {
      const server = await servers.get('ada', '');
      return (
        server && servers.progressSoFar(server).some(({ message }) => message.includes('the image is being pulled'))
      );
    });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await servers.get('ada', '')).toMatchObject({ phase: 'starting' });
    workload.run();
    await workload.answer();
    await inPhase(servers, 'ready');
  });

  test('fails when nothing answers in time; the process is ended', async () => {
    const { world, servers, routes, runtime } = await open({ startTimeoutSeconds: 0.3 });
    runtime.onStart = (workload) => workload.run();
    await servers.start('ada', '');
    const events = await eventsOf(servers);
    expect(events.at(-1)).toEqual({
      progress: 100,
      failed: true,
      message: 'Spawn failed: Your server runs, but did not answer within 0.3 seconds.',
    });
    const server = await inPhase(servers, 'failed');
    expect(server.failure).toMatchObject({ during: 'start', code: 'ATOLL_SERVER_NO_ANSWER', exitCode: null });
    expect(runtime.workloads.size).toBe(0);
    await until('its route and its token to be gone', () => routes.table.size + world.credentials.good.size === 0);
  });

  test('is not over while the server answers with 5xx', async () => {
    const { servers, runtime } = await open();
    runtime.onStart = async (workload) => {
      workload.run();
      await workload.answer(503);
    };
    await servers.start('ada', '');
    const workload = await until('a workload', () => runtime.live[0]);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await servers.get('ada', '')).toMatchObject({ phase: 'starting' });
    workload.close();
    await until('the port to be free', () => workload.answer(404).then(() => true));
    await inPhase(servers, 'ready');
  });

  test('whose process ends fails at once, with the reason and the last lines, without secrets', async () => {
    const { servers, runtime } = await open({ environment: { S3_SECRET: 'operators-secret' } });
    runtime.onStart = (workload) => {
      workload.run();
      const token = workload.spec.environment.JUPYTERHUB_API_TOKEN;
      workload.log.push(`token is ${token}`, `raw ${token} and operators-secret`, "No module named 'jupyterhub'");
      workload.exit({ code: 1, signal: null });
    };
    const asked = performance.now();
    await servers.start('ada', '');
    const server = await inPhase(servers, 'failed');
    // Promised within a second, on a machine that has nothing else to do.
    expect(performance.now() - asked).toBeLessThan(5000);
    expect(server.failure).toMatchObject({
      during: 'start',
      code: 'ATOLL_SERVER_MODULE_MISSING',
      exitCode: 1,
      signal: null,
      logTail: ['token is <hidden>', 'raw <hidden> and <hidden>', "No module named 'jupyterhub'"],
    });
    expect(await eventsOf(servers)).toEqual([
      {
        progress: 100,
        failed: true,
        message: 'Spawn failed: The Python environment of your server lacks the module jupyterhub.',
      },
    ]);
  });

  test('refused by the runtime fails with its words; the next start begins afresh', async () => {
    const { servers, runtime } = await open();
    runtime.onStart = () => {
      throw new AtollError('ATOLL_NOT_FOUND', 'There is no program x.');
    };
    const first = await servers.start('ada', '', { userOptions: { a: 1 } });
    expect((await inPhase(servers, 'failed')).failure).toMatchObject({ message: 'There is no program x.' });
    runtime.workloads.clear();
    runtime.onStart = async (workload) => {
      workload.run();
      await workload.answer();
    };
    const second = await servers.start('ada', '');
    expect(second).toMatchObject({ failure: null, phase: 'starting', userOptions: { a: 1 } });
    expect(second.workloadId).not.toBe(first.workloadId);
    await inPhase(servers, 'ready');
  });

  test('that a defect gets in the way of is tried again, and given up on in the end', async () => {
    const { servers, runtime } = await open({ startTimeoutSeconds: 1 });
    const reserve = runtime.reserve.bind(runtime);
    let defects = 2;
    runtime.reserve = (request) => {
      if (defects-- > 0) throw new TypeError('a defect with a secret in it');
      return reserve(request);
    };
    await ready(servers);
    await servers.stop('ada', '');
    await inPhase(servers, 'stopped');
    defects = Infinity;
    await servers.start('ada', '');
    const { failure } = await inPhase(servers, 'failed');
    expect(failure).toMatchObject({ code: 'ATOLL_INTERNAL' });
    expect(JSON.stringify(failure)).not.toContain('defect with');
  });

  test('can be given up by its owner', async () => {
    const { world, servers, runtime } = await open();
    runtime.onStart = (workload) => workload.run();
    await servers.start('ada', '');
    const events = eventsOf(servers);
    await until('a workload', () => runtime.live[0]);
    expect(await servers.stop('ada', '')).toMatchObject({ phase: 'stopping', failure: null });
    expect((await events).at(-1)).toEqual({ progress: 100, failed: true, message: 'Spawn cancelled' });
    await inPhase(servers, 'stopped');
    expect(runtime.workloads.size).toBe(0);
    expect(world.credentials.good.size).toBe(0);
    await expect(eventsOf(servers)).rejects.toMatchObject({ message: 'ada is not starting...', status: 400 });
  });
});

describe('progress', () => {
  test('of a server that never was is not found', async () => {
    const { servers } = await open();
    await expect(eventsOf(servers)).rejects.toMatchObject({ status: 404 });
  });

  test('reaches many at once, and ends for one that goes away', async () => {
    const { servers, runtime } = await open();
    runtime.onStart = (workload) => workload.run();
    await servers.start('ada', '');
    const workload = await until('a workload', () => runtime.live[0]);
    const leaving = new AbortController();
    const left = eventsOf(servers, leaving.signal);
    const staying = Array.from({ length: 50 }, () => eventsOf(servers));
    await new Promise((resolve) => setTimeout(resolve, 50));
    leaving.abort();
    expect((await left).some((event) => event.ready)).toBe(false);
    await workload.answer();
    for (const events of await Promise.all(staying)) expect(events.at(-1)).toMatchObject({ ready: true });
  });
});

describe('a server that runs', () => {
  test('and ends by itself with exit code 0 is stopped: its owner shut it down from within', async () => {
    const { servers, routes, runtime } = await open();
    await ready(servers);
    runtime.live[0]?.exit({ code: 0, signal: null });
    expect(await inPhase(servers, 'stopped')).toMatchObject({ failure: null });
    await until('its route is gone', () => routes.table.size === 0);
  });

  test('and dies is failed at once', async () => {
    const { world, servers, routes, runtime } = await open();
    await ready(servers);
    const died = performance.now();
    runtime.live[0]?.exit({ code: null, signal: 'SIGKILL' });
    const server = await inPhase(servers, 'failed');
    expect(performance.now() - died).toBeLessThan(5000);
    expect(server.failure).toMatchObject({ during: 'run', code: 'ATOLL_SERVER_KILLED', signal: 'SIGKILL' });
    await until('its route and its token to be gone', () => routes.table.size + world.credentials.good.size === 0);
  });

  test('and vanishes without a trace is failed at the next look', async () => {
    const { servers, runtime } = await open();
    await ready(servers);
    runtime.live[0]?.close();
    runtime.workloads.clear();
    expect((await inPhase(servers, 'failed')).failure).toMatchObject({ code: 'ATOLL_SERVER_LOST' });
  });

  test('stops when asked, politely, and only once', async () => {
    const { world, servers, routes, runtime } = await open();
    runtime.onStop = () => {};
    await ready(servers);
    const [workload] = runtime.live;
    expect(await servers.stop('ada', '')).toMatchObject({ desired: 'stopped', phase: 'stopping' });
    expect(await servers.stop('ada', '')).toMatchObject({ phase: 'stopping' });
    await until('the route to go', () => routes.table.size === 0);
    await expect(servers.start('ada', '')).rejects.toMatchObject({ status: 400, message: 'ada is pending stop' });
    await until('the polite signal', () => workload?.stops.length);
    expect(workload?.stops[0]).toEqual({ graceSeconds: 10 });
    expect(world.credentials.good.size).toBe(1);
    workload?.exit({ code: 0, signal: null });
    expect(await servers.settled('ada', '', 5000)).toMatchObject({ phase: 'stopped', failure: null });
    expect(world.credentials.good.size).toBe(0);
    expect(runtime.workloads.size).toBe(0);
    expect(await servers.stop('ada', '')).toMatchObject({ phase: 'stopped' });
    expect(await servers.stop('bob', '')).toBeUndefined();
  });

  test('restarts when asked: stops politely, and starts anew with its choices and other credentials', async () => {
    const { world, servers, routes, runtime } = await open();
    await servers.start('ada', '', { userOptions: { size: 'large' } });
    const before = await inPhase(servers, 'ready');
    const [first] = runtime.live;
    expect(await servers.restart('ada', '')).toMatchObject({ desired: 'running', phase: 'stopping' });
    const after = await until('another start to be ready', async () => {
      const server = await servers.get('ada', '');
      return server?.phase === 'ready' && server.workloadId !== before.workloadId && server;
    });
    expect(first?.stops).toEqual([{ graceSeconds: 10 }]);
    expect(after).toMatchObject({ userOptions: { size: 'large' }, failure: null });
    expect(runtime.live.map(({ spec }) => spec.id)).toEqual([after.workloadId]);
    expect(runtime.live[0]?.spec.environment.JUPYTERHUB_API_TOKEN).toBe(world.credentials.good.get('ada/'));
    expect(routes.table.size).toBe(1);
  });

  test.each([
    ['stop', 'stopped'],
    ['remove', 'gone'],
  ] as const)('that restarts does not come back when a %s is asked for meanwhile', async (request, end) => {
    const { servers, runtime } = await open({ allowNamedServers: true });
    runtime.onStop = () => {};
    await ready(servers, 'ada', 'gpu');
    const [workload] = runtime.live;
    await servers.restart('ada', 'gpu');
    await until('the polite signal', () => workload?.stops.length);
    await servers[request]('ada', 'gpu');
    workload?.exit({ code: 0, signal: null });
    expect((await servers.settled('ada', 'gpu', 10_000))?.phase ?? 'gone').toBe(end);
    expect(runtime.live).toEqual([]);
  });

  test('is the only one that can be restarted', async () => {
    const { servers, runtime } = await open();
    runtime.onStart = () => {};
    expect(await servers.restart('ada', '')).toBeUndefined();
    const { workloadId } = await servers.start('ada', '');
    expect(await servers.restart('ada', '')).toMatchObject({ phase: 'starting', workloadId });
    await servers.stop('ada', '');
    expect(await servers.settled('ada', '', 10_000)).toMatchObject({ phase: 'stopped' });
    expect(await servers.restart('ada', '')).toMatchObject({ phase: 'stopped' });
  });

  test('ends when its user is deleted, by whatever way', async () => {
    const { world, servers, routes, runtime } = await open();
    await ready(servers);
    await world.store.db.deleteFrom('users').where('name', '=', 'ada').execute();
    await until('nothing of it to be left', () => runtime.workloads.size === 0 && routes.table.size === 0);
    expect(await servers.list()).toEqual([]);
  });

  test('goes for good with all others of its user', async () => {
    const { servers, runtime } = await open({ allowNamedServers: true });
    await ready(servers);
    await ready(servers, 'ada', 'gpu');
    await ready(servers, 'bob');
    await servers.create('ada', 'idle');
    expect(await servers.removeAllOf('ada', 10_000)).toBe(true);
    expect((await servers.list()).map((server) => server.user)).toEqual(['bob']);
    expect(runtime.live.map((workload) => workload.spec.owner)).toEqual(['bob']);
  });
});

describe('limits', () => {
  test('of starts under way: nobody is turned away, each has their turn', async () => {
    const { servers, runtime } = await open({ concurrentStartLimit: 2, allowNamedServers: true });
    runtime.onStart = (workload) => workload.run();
    for (const name of ['a', 'b', 'c', 'd', 'e']) await servers.start('ada', name);
    const started = (): string[] => runtime.live.map(({ spec }) => spec.environment.JUPYTERHUB_SERVER_NAME ?? '');
    await until('the first two', () => started().length === 2);
    expect(started()).toEqual(['a', 'b']);
    await until('the others to be told', async () => {
      const waiting = await servers.get('ada', 'c');
      return waiting !== undefined && servers.progressSoFar(waiting).some(({ message }) => /its turn/.test(message));
    });
    // One gives up before its turn, one is ready, one is given up while it starts, one fails.
    await servers.stop('ada', 'c');
    await runtime.live[0]?.answer(200);
    await until('the next one', () => started().includes('d'));
    expect(started()).not.toContain('c');
    await servers.stop('ada', 'd');
    await until('the last one', () => started().includes('e'));
    expect((await servers.get('ada', 'c'))?.phase).toBe('stopped');
  });

  test('of starts under way: waiting for its turn takes nothing from the time that a start may take', async () => {
    const { servers, runtime } = await open({ concurrentStartLimit: 1, startTimeoutSeconds: 1 });
    const usual = runtime.onStart;
    runtime.onStart = (workload) => (workload.spec.owner === 'ada' ? workload.run() : usual(workload));
    const reserve = runtime.reserve.bind(runtime);
    let defects = 1;
    runtime.reserve = (request) => {
      if (request.owner === 'bob' && defects-- > 0) throw new TypeError('a defect');
      return reserve(request);
    };
    await servers.start('ada', '');
    await servers.start('bob', '');
    await inPhase(servers, 'failed');
    expect((await inPhase(servers, 'ready', 'bob')).failure).toBeNull();
    expect(defects).toBeLessThan(1);
  });

  test('of starts under way: those that wait for the cluster keep nobody else waiting', async () => {
    const { servers, runtime } = await open({ concurrentStartLimit: 64, allowNamedServers: true });
    Object.assign(runtime, { name: 'kubernetes' });
    const usual = runtime.onStart;
    runtime.onStart = (workload) =>
      workload.spec.owner === 'ada' ? workload.wait('no node has room for it') : usual(workload);
    for (let stuck = 0; stuck < 64; stuck++) await servers.start('ada', `stuck-${stuck}`);
    await servers.start('bob', '');
    await inPhase(servers, 'ready', 'bob');
    const stuck = await servers.list({ users: ['ada'] });
    expect(stuck.map(({ phase }) => phase)).toEqual(stuck.map(() => 'starting'));
    expect(runtime.live).toHaveLength(65);
  });

  test('of starts under way: those that never answer keep others waiting for seconds only', async () => {
    const { servers, runtime } = await open({ concurrentStartLimit: 64, allowNamedServers: true });
    const usual = runtime.onStart;
    runtime.onStart = async (workload) => {
      if (workload.spec.owner !== 'ada') return usual(workload);
      // Among so many ports that nobody held, one could become bob's.
      await workload.hold();
      workload.run();
    };
    for (let stuck = 0; stuck < 64; stuck++) await servers.start('ada', `stuck-${stuck}`);
    await until('all places are taken', () => runtime.live.length === 64);
    await servers.start('bob', '');
    // The time that a start may take is not over for any of them.
    await inPhase(servers, 'ready', 'bob');
    const stuck = await servers.list({ users: ['ada'] });
    expect(stuck.map(({ phase }) => phase)).toEqual(stuck.map(() => 'starting'));
  });

  test('of servers that run, also against two requests at the same time', async () => {
    const { servers } = await open({ activeServerLimit: 1 });
    const results = await Promise.allSettled([servers.start('ada', ''), servers.start('bob', '')]);
    expect(results.map((result) => result.status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(results.find((result) => result.status === 'rejected')?.reason).toMatchObject({
      status: 429,
      message: 'Active user limit exceeded. Try again in a few minutes.',
    });
  });

  test('of named servers', async () => {
    const { servers } = await open({ allowNamedServers: true, namedServerLimit: 1 });
    await servers.create('ada', 'one');
    await expect(servers.start('ada', 'two')).rejects.toMatchObject({
      status: 400,
      message:
        'User ada already has the maximum of 1 named servers.  One must be deleted before a new server can be created',
    });
    await ready(servers, 'ada', 'one');
    await ready(servers, 'ada', '');
    await ready(servers, 'bob', 'two');
  });

  test('named servers are off unless the settings allow them', async () => {
    const { servers } = await open();
    for (const ask of [() => servers.start('ada', 'gpu'), () => servers.create('ada', 'gpu')])
      await expect(ask()).rejects.toMatchObject({ status: 400, message: 'Named servers are not enabled.' });
  });
});

describe('named servers', () => {
  test('are created, changed, started under their own path, and deleted', async () => {
    const { servers, routes } = await open({ allowNamedServers: true });
    expect(await servers.create('ada', 'gpu', { displayName: 'With GPU' })).toMatchObject({
      phase: 'stopped',
      displayName: 'With GPU',
    });
    await expect(servers.create('ada', 'gpu')).rejects.toMatchObject({
      status: 409,
      message: 'User ada already has server gpu',
    });
    await expect(servers.create('ada', '')).rejects.toMatchObject({ status: 409 });
    await expect(servers.create('ada', 'Bad_Name')).rejects.toMatchObject({ status: 400 });
    await expect(servers.start('eve', 'gpu')).rejects.toMatchObject({ status: 404 });
    const changed = await servers.change('ada', 'gpu', { name: 'gpu-2', userOptions: { a: 1 } });
    expect(changed).toMatchObject({ name: 'gpu-2', displayName: 'With GPU', userOptions: { a: 1 } });
    expect(await servers.get('ada', 'gpu')).toBeUndefined();
    await ready(servers, 'ada', 'gpu-2');
    expect([...routes.table.values()]).toMatchObject([{ id: 'server:ada/gpu-2', prefix: '/user/ada/gpu-2/' }]);
    await expect(servers.change('ada', 'gpu-2', { displayName: 'x' })).rejects.toMatchObject({
      code: 'ATOLL_SERVER_NOT_STOPPED',
    });
    expect(await servers.remove('ada', 'gpu-2')).toMatchObject({ desired: 'removed', phase: 'stopping' });
    await until('it to be gone', async () => !(await servers.get('ada', 'gpu-2')));
    await expect(servers.change('ada', 'gpu-2', {})).rejects.toMatchObject({ status: 404 });
  });

  test('a deletion during a stop is not forgotten', async () => {
    const { servers, runtime } = await open({ allowNamedServers: true });
    runtime.onStop = () => {};
    await ready(servers, 'ada', 'gpu');
    const [workload] = runtime.live;
    await servers.stop('ada', 'gpu');
    await until('the polite signal', () => workload?.stops.length);
    await servers.remove('ada', 'gpu');
    workload?.exit({ code: 0, signal: null });
    await until('it to be gone', async () => !(await servers.get('ada', 'gpu')));
    expect(await servers.remove('ada', 'gpu')).toBeUndefined();
  });

  test.each([
    [{ displayName: '' }],
    [{ userOptions: { big: 'x'.repeat(70_000) } }],
    [{ name: '' }],
    [{ name: '../x' }],
    [{ name: 'other' }],
  ])('a bad change %j changes nothing', async (changes) => {
    const { servers } = await open({ allowNamedServers: true });
    await servers.create('ada', 'other');
    const before = await servers.create('ada', 'gpu');
    await expect(servers.change('ada', 'gpu', { userOptions: { a: 1 }, ...changes })).rejects.toBeInstanceOf(
      AtollError,
    );
    expect(await servers.get('ada', 'gpu')).toEqual(before);
  });
});

describe('activity', () => {
  test('moves forward only, from the server itself and from the edge', async () => {
    const { world, servers } = await open();
    await ready(servers);
    const lastActivity = async (): Promise<(number | null | undefined)[]> => {
      const user = await world.store.db.selectFrom('users').selectAll().where('name', '=', 'ada').executeTakeFirst();
      return [user?.last_activity, (await servers.get('ada', ''))?.lastActivity];
    };
    await servers.recordActivity('ada', { userActivity: 2000, servers: { '': 3000 } });
    expect(await lastActivity()).toEqual([2000, 3000]);
    await servers.recordActivity('ada', { userActivity: 1000, servers: { '': 1000 } });
    expect(await lastActivity()).toEqual([2000, 3000]);
    servers.recordTraffic({
      routes: {
        'server:ada/': { lastActivity: 5000, requests: 1, openConnections: 0 },
        'server:nobody/x': { lastActivity: 5000, requests: 1, openConnections: 0 },
        'dashboard:1': { lastActivity: 9000, requests: 1, openConnections: 0 },
      },
    });
    await until('the traffic to be recorded', async () => (await lastActivity()).join() === '5000,5000');
    await expect(servers.recordActivity('ada', { servers: { gpu: 1 } })).rejects.toMatchObject({
      status: 400,
      message: "No such server 'gpu' for user ada",
    });
  });

  test('of a thousand reports at a time costs a few writes, and none when nothing moves', async () => {
    const { world, servers } = await open();
    await ready(servers);
    let writes = 0;
    const write = world.store.write.bind(world.store);
    world.store.write = (work) => {
      writes += 1;
      return write(work);
    };
    const report = (at: number) => servers.recordActivity('ada', { userActivity: at, servers: { '': at } });
    await Promise.all(Array.from({ length: 1000 }, (_, index) => report(index + 1)));
    expect(writes).toBeLessThan(50);
    expect((await servers.get('ada', ''))?.lastActivity).toBe(1000);
    writes = 0;
    await Promise.all(Array.from({ length: 1000 }, () => report(1000)));
    expect(writes).toBe(0);
  });
});
