import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Cluster } from '../../src/clusters/cluster.ts';
import type { Clusters } from '../../src/clusters/clusters.ts';
import { defaultSettings } from '../../src/config/settings.ts';
import { clustersPages } from '../../src/pages/clusters/clustersPages.ts';
import { BrowserSession } from '../support/browserSession.ts';
import { ada, ClusterWorld } from '../support/clusterWorld.ts';
import { TestClock } from '../support/identityWorld.ts';
import { press } from '../support/press.ts';
import { signIn } from '../support/signIn.ts';
import { type SmallHub, startSmallHub } from '../support/smallHub.ts';
import { until } from '../support/until.ts';

const gibi = 1024 ** 3;
const bob = { ...ada, name: 'bob' };
const refresh = '<meta http-equiv="refresh" content="2">';

let world: ClusterWorld;
let clusters: Clusters;
let clock: TestClock;
let hub: SmallHub;
let browser: BrowserSession;

/** A hub with the page, and ada's browser, signed in. */
beforeEach(async () => {
  clock = new TestClock();
  world = await ClusterWorld.create({ worker: { memory: 1.5 * gibi, cores: 2 }, maxWorkers: 20 });
  ({ clusters } = await world.open({ clock }));
  const authentication = {
    ...defaultSettings().authentication,
    authenticator: 'dummy' as const,
    configured: true,
    allowAll: true,
    adminUsers: ['root'],
  };
  const roles = [
    { name: 'helper', description: '', scopes: ['admin:servers'], users: ['helper'], groups: [], services: [] },
  ];
  hub = await startSmallHub({
    runtime: world.runtime,
    store: world.store,
    settings: { authentication, roles },
    pages: [clustersPages({ clusters, clock })],
  });
  browser = await signIn(hub, 'ada');
});

afterEach(async () => {
  await hub.close();
  await world.close();
});

/** The page, for whoever is signed in in that browser. */
async function shown(viewer = browser): Promise<string> {
  const answer = await viewer.request('/hub/clusters');
  expect(answer.status).toBe(200);
  return answer.text();
}

/** What a person reads on a page. */
function textOf(page: string): string {
  return page
    .slice(page.indexOf('<main'))
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ');
}

async function running(owner = ada): Promise<Cluster> {
  const { name } = await clusters.create(owner, {});
  const cluster = await clusters.waitForChange(name, 20_000);
  if (cluster?.phase !== 'running') throw new Error(`the cluster is ${cluster?.phase}`);
  return cluster;
}

const stopOf = (name: string): string => `/hub/clusters/${name}/stop`;
const shortOf = (name: string): string => name.slice(0, 8);

describe('the page of clusters', () => {
  test('shows whoever has none how to make one', async () => {
    const page = await shown();
    expect(page).toContain(
      'from dask_gateway import GatewayCluster\ncluster = GatewayCluster(); cluster.scale(4)\nclient = cluster.get_client()',
    );
    expect(page).not.toContain('<script');
    expect(page).not.toContain(refresh);
    expect(page).not.toMatch(/Ended|other people/);
    expect(await (await browser.request('/hub/home')).text()).toContain('href="/hub/clusters"');
  });

  test('sends whoever is not signed in to sign in first', async () => {
    const answer = await new BrowserSession(hub.url).request('/hub/clusters');
    expect(answer.headers.get('location')).toBe('/hub/login?next=%2Fhub%2Fclusters');
  });

  test('shows why one does not start yet, and looks again by itself', async () => {
    world.onScheduler = (workload) => workload.wait('no machine is <free>');
    const { name } = await clusters.create(ada, {});
    await until('a scheduler', () => world.runtime.live[0]?.observation.waitingFor);
    clock.advance(200);
    const page = await shown();
    expect(textOf(page)).toContain(
      `${shortOf(name)} Starting for 3 min Its workers will have 1.5 GiB and 2 cores each`,
    );
    expect(page).toContain('no machine is &lt;free&gt;');
    expect(page).toContain(refresh);
    expect(page).not.toContain('/status"');
    expect((await press(browser, page, stopOf(name))).headers.get('location')).toBe('/hub/clusters');
    expect(await clusters.get(name)).toMatchObject({ desired: 'stopped', reason: 'Stopped by ada.' });
  });

  test('shows one that runs: how long, its workers, the dashboard, and a button that stops it', async () => {
    const { name } = await running();
    expect(textOf(await shown())).toContain('Running for 0 s No workers');
    await clusters.scale(name, 3n);
    const state = async (): Promise<string> => textOf(await shown());
    await until('the workers', async () => (await state()).includes(' 3 of 3 workers · 1.5 GiB and 2 cores each'));
    clock.advance(7300);
    const page = await shown();
    expect(textOf(page)).toContain(`${shortOf(name)} Running for 2 h 3 of 3 workers`);
    expect(page).toContain(`href="/services/dask-gateway/clusters/${name}/status"`);
    expect(page).toContain(`aria-label="Stop ${shortOf(name)}"`);
    expect(page).not.toContain(refresh);
    expect((await press(browser, page, stopOf(name))).headers.get('location')).toBe('/hub/clusters');
    await until('the end', async () => (await clusters.get(name))?.ended);
    clock.advance(300);
    const after = await shown();
    expect(textOf(after)).toContain(`Ended during the last day ${shortOf(name)} Stopped 5 min ago, after 2 h`);
    expect(textOf(after)).toContain('Stopped by ada.');
    expect(after).toContain('No cluster is running.');
    expect(after).not.toContain(stopOf(name));
    expect(after).not.toContain('/status"');
  });

  test('shows workers on their way, and looks again by itself meanwhile', async () => {
    world.onWorker = (workload) => workload.wait('a machine is joining');
    const { name } = await running();
    await clusters.adapt(name, { minimum: 0n, maximum: 8n });
    await clusters.scale(name, 1n);
    await until('a worker', () => world.liveWorkers.length === 1);
    const page = await until('what it waits for', async () => {
      const text = await shown();
      return text.includes('a machine is joining') && text;
    });
    expect(textOf(page)).toContain('0 of 1 worker ·');
    expect(page).toContain(refresh);
    await clusters.adapt(name, { minimum: 0n, maximum: 8n });
    expect(textOf(await shown())).toContain('adapts between 0 and 8');
  });

  test('counts workers as soon as they are connected, before the scheduler reports them', async () => {
    world.onWorker = (workload) => workload.run();
    const { name } = await running();
    await clusters.scale(name, 2n);
    await until('the workers', () => world.liveWorkers.length === 2);
    const [first = '', second = ''] = world.liveWorkers;
    const shows = (state: string): Promise<string> =>
      until(state, async () => {
        const page = await shown();
        return textOf(page).includes(` ${state} ·`) && page;
      });
    world.scheduler(name).connect(first);
    expect(await shows('1 of 2 workers')).toContain(refresh);
    world.scheduler(name).connect(second);
    expect(await shows('2 of 2 workers')).not.toContain(refresh);
    // Somebody's own worker is none of the cluster's.
    world.scheduler(name).connect('mine');
    await shows('2 of 2 workers');
    world.scheduler(name).deaf = true;
    await shows('0 of 2 workers');
  });

  test('shows why workers do not start', async () => {
    world.onWorker = (workload) => {
      workload.log.push('ImportError: no <numpy>');
      workload.run();
      workload.exit({ code: 1, signal: null });
    };
    const { name } = await running();
    await clusters.scale(name, 1n);
    await until('trouble', async () => {
      clock.advance(60);
      await clusters.get(name);
      return ((await clusters.get(name))?.workerTrouble?.failures ?? 0) >= 3;
    });
    const page = await shown();
    expect(page).toMatch(/\d+ workers in a row failed; another one is tried from time to time\./);
    expect(page).toContain('ImportError: no &lt;numpy&gt;');
  });

  test('shows why one failed, with its last lines', async () => {
    world.onScheduler = (workload) => {
      workload.log.push('<script>alert(1)</script>', 'ValueError: boom');
      workload.run();
      workload.exit({ code: 3, signal: null });
    };
    const { name } = await clusters.create(ada, {});
    await until('the end', async () => (await clusters.get(name))?.ended);
    const page = await shown();
    expect(textOf(page)).toContain(`${shortOf(name)} Failed 0 s ago Its scheduler`);
    expect(page).toContain('Its scheduler ended with exit code 3 before it was ready. Its last lines:</p>');
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;\nValueError: boom</pre>');
    expect(page).not.toContain('<script');
  });

  test('shows the fifty that ended last', async () => {
    for (let made = 0; made < 51; made += 1) {
      const { name } = await clusters.create(ada, {});
      await clusters.stop(name, `Number ${made}.`);
      await until('the end', async () => (await clusters.get(name))?.ended);
      clock.advance(1);
    }
    const page = await shown();
    expect(page).not.toContain('Number 0.');
    expect(page.indexOf('Number 50.')).toBeLessThan(page.indexOf('Number 1.'));
    expect(page.indexOf('Number 50.')).toBeGreaterThan(0);
  });
});

describe("other people's clusters", () => {
  test('are shown to administrators only, with their owner', async () => {
    const own = await running();
    const other = await running(bob);
    expect(await shown()).toContain(own.name);
    expect(await shown()).not.toContain(other.name);
    const root = await signIn(hub, 'root');
    const page = await shown(root);
    expect(textOf(page)).toContain(`${shortOf(own.name)} of ada Running`);
    expect(textOf(page)).toContain(`${shortOf(other.name)} of bob Running`);
    expect(page.indexOf('No cluster is running.')).toBeLessThan(page.indexOf('Clusters of other people'));
    await press(root, page, stopOf(other.name));
    await until('the end', async () => (await clusters.get(other.name))?.ended);
    expect(textOf(await shown(await signIn(hub, 'bob')))).toContain('Stopped by root.');
    expect((await clusters.get(own.name))?.phase).toBe('running');
  });

  test('are not shown to somebody who only has the scope', async () => {
    const { name } = await running();
    const helper = await signIn(hub, 'helper');
    expect(await shown(helper)).not.toContain(name);
    const form = { _xsrf: helper.cookie('_xsrf') ?? '' };
    expect((await helper.request(stopOf(name), { form })).status).toBe(404);
    expect((await clusters.get(name))?.phase).toBe('running');
  });

  test('cannot be stopped, nor told from none', async () => {
    const { name } = await running();
    const other = await signIn(hub, 'bob');
    const form = { _xsrf: other.cookie('_xsrf') ?? '' };
    const theirs = await other.request(stopOf(name), { form });
    const none = await other.request(stopOf('0'.repeat(32)), { form });
    expect([theirs.status, none.status]).toEqual([404, 404]);
    const withoutToken = (page: string): string => page.replaceAll(/value="[^"]+"/g, '');
    expect(withoutToken(await theirs.text())).toBe(withoutToken(await none.text()));
    expect((await clusters.get(name))?.phase).toBe('running');
  });

  test('a stop needs the XSRF token of the page, and a POST', async () => {
    const { name } = await running();
    for (const form of [{}, { _xsrf: 'v1.wrong' }])
      expect((await browser.request(stopOf(name), { form })).status).toBe(403);
    const foreign = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };
    const form = { _xsrf: browser.cookie('_xsrf') ?? '' };
    expect((await browser.request(stopOf(name), { form, headers: foreign })).status).toBe(403);
    expect((await browser.request(stopOf(name))).status).toBe(404);
    expect((await clusters.get(name))?.phase).toBe('running');
  });
});

test('the dashboard of a cluster that does not exist is a page for a browser, and left to the gateway else', async () => {
  const dashboard = (accept: string): Promise<Response> =>
    browser.request('/services/dask-gateway/clusters/none/status', { headers: { accept } });
  const page = await dashboard('text/html,*/*;q=0.8');
  expect([page.status, page.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8']);
  expect(await page.text()).toContain('There is no such cluster');
  expect(await (await dashboard('*/*')).text()).not.toContain('There is no such cluster');
});

describe('scaling on the page', () => {
  const send = async (
    name: string,
    verb: string,
    fields: Record<string, string>,
    viewer = browser,
  ): Promise<Response> => {
    const page = await (await viewer.request('/hub/clusters')).text();
    const xsrf = /name="_xsrf" value="([^"]+)"/.exec(page)?.[1] ?? '';
    return viewer.request(`/hub/clusters/${name}/${verb}`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ _xsrf: xsrf, ...fields }).toString(),
    });
  };

  test('sets the number of workers, or a range; what is cut off is told', async () => {
    const { name } = await running();
    expect((await send(name, 'scale', { count: '2' })).headers.get('location')).toBe('/hub/clusters');
    await until('two workers', () => world.liveWorkers.length === 2);
    const cut = await send(name, 'scale', { count: '50' });
    expect(cut.status).toBe(200);
    expect(textOf(await cut.text())).toContain('would exceed resource limit of 20 workers. Scaling to 20 instead.');
    expect((await send(name, 'adapt', { minimum: '1', maximum: '3' })).status).toBe(302);
    expect((await clusters.get(name))?.scaling).toEqual({ mode: 'adaptive', minimum: 1, maximum: 3 });
    expect(textOf(await shown())).toContain('adapts between 1 and 3');
  });

  test.each([
    ['scale', { count: '' }],
    ['scale', { count: '-1' }],
    ['scale', { count: '2.5' }],
    ['adapt', { minimum: '3', maximum: '1' }],
    ['adapt', { minimum: '<b>', maximum: '1' }],
  ])('%s with %j is refused with a sentence, and changes nothing', async (verb, fields) => {
    const { name } = await running();
    const answer = await send(name, verb, fields);
    expect(answer.status).toBe(422);
    expect(await answer.text()).not.toContain('<b>');
    expect(await clusters.get(name)).toMatchObject({ wantedWorkers: 0, scaling: { mode: 'fixed', count: 0 } });
  });

  test('is for the owner only, also not for administrators', async () => {
    await running(); // With a form on the page, so that there is an XSRF token.
    const { name } = await running(bob);
    const root = await signIn(hub, 'root');
    expect((await send(name, 'scale', { count: '1' })).status).toBe(404);
    expect((await send(name, 'scale', { count: '1' }, root)).status).toBe(404);
    expect(await shown(root)).not.toContain(`/hub/clusters/${name}/scale`);
    expect((await clusters.get(name))?.wantedWorkers).toBe(0);
  });

  test('workers that ended are shown with their reasons', async () => {
    const { name } = await running();
    await clusters.scale(name, 1n);
    await until('a worker', () => world.liveWorkers.length === 1);
    const [worker = ''] = world.liveWorkers;
    world.runtime.workloads
      .get(worker)
      ?.exit({ code: null, signal: 'SIGKILL', reason: 'ended by the memory limit (1.5 GiB)' });
    await until('another one', () => world.liveWorkers.length === 1 && world.liveWorkers[0] !== worker);
    await clusters.report(name, {
      lost: [{ worker, tasks: ['<script>-1'] }],
      missing: 0,
      used: { core_seconds: 0, byte_seconds: 0 },
      versions: { python: '3.11.2', dask: '2026.8.0' },
    });
    const page = await shown();
    expect(page).toContain(`${worker} was ended by the memory limit (1.5 GiB) while running \`&lt;script&gt;-1\``);
    expect(textOf(page)).toContain('Python 3.11.2 · Dask 2026.8.0');
  });
});
