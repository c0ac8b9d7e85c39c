import axe from 'axe-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Clusters } from '../../src/clusters/clusters.ts';
import { defaultSettings, type ServiceSettings } from '../../src/config/settings.ts';
import { clustersPages } from '../../src/pages/clusters/clustersPages.ts';
import { settingsFrom } from '../config/settingsFrom.ts';
import { launchBrowser, noBrowserReason } from '../support/browser.ts';
import { ClusterWorld } from '../support/clusterWorld.ts';
import { FakeRuntime } from '../support/fakeRuntime.ts';
import { type SmallHub, startSmallHub } from '../support/smallHub.ts';
import { until } from '../support/until.ts';

if (noBrowserReason) process.stdout.write(`skipped: accessibility of pages, because ${noBrowserReason}\n`);

const profileList = `
jupyterhub:
  singleuser:
    profileList:
      - { display_name: Small, slug: small, description: For <b>reading</b>, default: true }
      - display_name: Large
        slug: large
        profile_options:
          language:
            display_name: Language
            choices:
              python: { display_name: Python, default: true }
              r: { display_name: R }
`;

const service = (name: string, more: Partial<ServiceSettings> = {}): ServiceSettings => ({
  name,
  admin: false,
  display: true,
  oauthNoConfirm: false,
  oauthClientAllowedScopes: ['read:servers!user'],
  info: {},
  ...more,
});

/** What axe (WCAG 2 A and AA, and good practice) finds wrong with the page that is shown. */
async function violationsOn(page: Page): Promise<string[]> {
  await page.addScriptTag({ content: axe.source });
  return page.evaluate<string[]>(
    `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
      violations.map(({ id, help, nodes }) => id + ': ' + help + ': ' + nodes.map(({ html }) => html.slice(0, 120)).join(' | ')))`,
  );
}

describe.skipIf(noBrowserReason !== undefined)('every page', { timeout: 120_000 }, () => {
  let browser: Browser;
  let hub: SmallHub;
  let world: ClusterWorld;
  let clusters: Clusters;
  let code: string;
  const contexts: BrowserContext[] = [];

  beforeAll(async () => {
    browser = await launchBrowser();
    world = await ClusterWorld.create();
    ({ clusters } = await world.open());
    const { authentication, pages, servers } = defaultSettings();
    hub = await startSmallHub({
      runtime: world.runtime,
      store: world.store,
      settings: {
        authentication: {
          ...authentication,
          authenticator: 'dummy',
          configured: true,
          allowAll: true,
          adminUsers: ['root'],
        },
        roles: [
          {
            name: 'user',
            description: '',
            scopes: ['self', 'access:services'],
            users: [],
            groups: [],
            services: [],
          },
        ],
        services: {
          forms: service('forms', { url: 'http://127.0.0.1:9', apiToken: 'the-token-of-forms' }),
          culler: service('culler', { managed: { command: ['x'], environment: {} } }),
        },
        servers: { ...servers, allowNamedServers: true },
        profiles: (await settingsFrom(profileList)).profiles,
        pages: {
          ...pages,
          title: 'Ocean Lab',
          announcement: 'Maintenance on <a href="/hub/home">Friday</a>.',
          footer: '<p>Run by the Ocean Lab.</p>',
        },
      },
      pages: [clustersPages({ clusters })],
    });
    await hub.identity.users.create(['ada', 'bob', ...Array.from({ length: 60 }, (_, n) => `student-${n}`)]);
    await hub.identity.groups.create(['lab'], ['ada', 'bob']);
    world.runtime.onStart = async (workload) => {
      workload.run();
      await workload.answer();
    };
    // A server that is shared, one that runs, one that failed, and one that will never answer.
    await hub.servers.start('bob', '');
    await until('ready', async () => (await hub.servers.get('bob', ''))?.phase === 'ready');
    const shared = await hub.identity.shares.server('bob', '');
    if (!shared) throw new Error('no server');
    ({ secret: code } = await hub.identity.shares.createCode(shared, ['access:servers'], 3600));
    await hub.identity.shares.grant(shared, { user: 'ada' }, ['access:servers']);
    await hub.servers.start('ada', 'gpu');
    await until('ready', async () => (await hub.servers.get('ada', 'gpu'))?.phase === 'ready');
    world.runtime.onStart = (workload) => workload.exit({ code: 1, signal: null });
    await hub.servers.start('ada', 'broken');
    await until('failed', async () => (await hub.servers.get('ada', 'broken'))?.phase === 'failed');
    world.runtime.onStart = (workload) => workload.run();
    await hub.servers.start('ada', 'slow');
  });
  afterAll(async () => {
    for (const context of contexts) await context.close();
    await browser?.close();
    await hub?.close();
    await clusters?.close();
    await world?.close();
  });

  /** Signed in. The page's own policy lets no script of a test in. */
  async function pageOf(
    user: string | undefined,
    width: number,
    colorScheme: 'light' | 'dark' = 'light',
  ): Promise<Page> {
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, bypassCSP: true });
    contexts.push(context);
    const page = await context.newPage();
    if (user === undefined) return page;
    await page.goto(`${hub.url}/hub/login?next=%2Fhub%2Fhome`);
    await page.fill('[name=username]', user);
    await page.fill('[name=password]', 'anything');
    await page.click('main button');
    await page.waitForURL(/\/hub\/home$/);
    return page;
  }

  /** Who looks, and what the page must show, so that no error page is tested in its place. */
  const pages: [path: () => string, user: string | undefined, text: string][] = [
    [() => '/hub/login', undefined, 'Sign in'],
    [() => '/hub/nothing', undefined, 'Nothing here'],
    [() => '/hub/error/503', undefined, 'does not answer'],
    [() => '/hub/home', 'ada', 'Named servers'],
    [() => '/hub/token', 'ada', 'New API token'],
    [() => '/hub/clusters', 'ada', 'Your clusters'],
    [() => '/hub/spawn', 'ada', 'Start your server'],
    [() => '/hub/spawn/bob/x', 'root', 'Start the server of bob “x”'],
    [() => '/hub/user/ada/', 'ada', 'is not running'],
    [() => '/hub/spawn-pending/ada/slow', 'ada', 'is starting'],
    [() => '/hub/spawn-pending/ada/broken', 'ada', 'did not start'],
    [() => `/hub/accept-share?code=${code}`, 'ada', 'is shared with you'],
    [() => '/hub/accept-share?code=wrong', 'ada', 'unknown, revoked or too old'],
    [
      () =>
        '/hub/api/oauth2/authorize?client_id=service-forms&response_type=code&redirect_uri=/services/forms/oauth_callback',
      'ada',
      'Allow access?',
    ],
    [() => '/hub/admin', 'root', 'Add people'],
    [() => '/hub/admin', 'ada', 'Not allowed'],
    [() => '/hub/admin/users/ada', 'root', 'Default server'],
    [() => '/hub/admin/users/root', 'root', 'Rights'],
    [() => '/hub/admin/groups', 'root', 'New group'],
    [() => '/hub/admin/groups/lab', 'root', 'Members'],
    [() => '/hub/admin/services', 'root', 'culler'],
    [() => '/hub/admin/audit', 'root', 'server.start'],
  ];

  test.each([
    [1280, 'light'],
    [390, 'dark'],
  ] as const)('passes axe at %i pixels, %s, and fits the width', async (width, colorScheme) => {
    const problems: string[] = [];
    const byUser = new Map<string | undefined, Page>();
    for (const [pathOf, user, text] of pages) {
      const page = byUser.get(user) ?? (await pageOf(user, width, colorScheme));
      byUser.set(user, page);
      const path = pathOf();
      await page.goto(hub.url + path, { waitUntil: 'domcontentloaded' });
      expect(await page.textContent('main')).toContain(text);
      problems.push(...(await violationsOn(page)).map((violation) => `${path}: ${violation}`));
      const tooWide = await page.evaluate('document.documentElement.scrollWidth > innerWidth');
      if (tooWide) problems.push(`${path}: wider than ${width} pixels`);
    }
    expect(problems).toEqual([]);
  });

  test('those of accounts that people make themselves pass too', async () => {
    const { authentication } = defaultSettings();
    const native = { ...authentication, authenticator: 'native' as const, configured: true, adminUsers: ['root'] };
    const small = await startSmallHub({ runtime: new FakeRuntime(), settings: { authentication: native } });
    const context = await browser.newContext({ viewport: { width: 390, height: 900 }, bypassCSP: true });
    try {
      await small.identity.accounts?.signUp('ada', 'a fine password');
      const page = await context.newPage();
      const root = await small.identity.users.ensure('root');
      const problems: string[] = [];
      for (const path of ['/hub/login', '/hub/signup', '/hub/change-password', '/hub/authorize']) {
        if (path === '/hub/change-password')
          await page.goto(`${small.url}${(await small.identity.links.create(root)).path}&next=%2Fhub%2Fhome`);
        await page.goto(small.url + path);
        expect(page.url()).toBe(small.url + path);
        problems.push(...(await violationsOn(page)).map((violation) => `${path}: ${violation}`));
        if (await page.evaluate('document.documentElement.scrollWidth > innerWidth'))
          problems.push(`${path}: too wide`);
      }
      expect(problems).toEqual([]);
    } finally {
      await context.close();
      await small.close();
    }
  });

  test('is used with the keyboard alone: sign in, skip the menu, start a server, open the services', async () => {
    const page = await pageOf(undefined, 1280);
    await page.goto(`${hub.url}/hub/login?next=%2Fhub%2Fhome`);
    // The first field has the focus already, as soon as the page has been drawn.
    await page.waitForFunction("document.activeElement.name === 'username'");
    await page.keyboard.type('keyboard');
    await page.keyboard.press('Tab');
    await page.keyboard.type('anything');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/hub\/home$/);
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to content');
    await page.keyboard.press('Enter');
    await page.waitForURL(/#main$/);
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.closest("main") !== null')).toBe(true);
    expect(await page.evaluate('document.activeElement.textContent')).toContain('Start');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/hub\/spawn/);
    await page.focus('[name=profile]:checked');
    await page.keyboard.press('ArrowDown');
    expect(await page.inputValue('[name=profile]:checked')).toBe('large');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/hub\/spawn-pending\/keyboard$/);
    expect(await page.textContent('main')).toContain('is starting');
    await page.focus('summary');
    await page.keyboard.press('Enter');
    expect(await page.isVisible('nav >> text=forms')).toBe(true);
  });

  test('shows what is under way without taking the focus away', async () => {
    const page = await pageOf('ada', 1280);
    await page.focus('[aria-label="Open the server of bob"]');
    const focused = await page.evaluate('document.activeElement.outerHTML');
    await page.evaluate("document.querySelector('main').dataset.old = 'yes'");
    await page.waitForFunction("document.querySelector('main').dataset.old === undefined");
    expect(await page.evaluate('document.activeElement.outerHTML')).toBe(focused);
    expect(await page.textContent('main')).toContain('Starting');
    await hub.servers.stop('ada', 'slow');
    // By itself, and then no more.
    await page.waitForFunction("document.querySelector('main').dataset.refresh === undefined");
    expect(await page.textContent('main')).not.toContain('Starting');
  });

  test('runs no script that the page did not name, and is framed by nobody', async () => {
    const page = await (await browser.newContext()).newPage();
    const answer = await page.goto(`${hub.url}/hub/login`);
    const policy = answer?.headers()['content-security-policy'] ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe-inline');
    expect(answer?.headers()['referrer-policy']).toBe('same-origin');
    await page.evaluate(`document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="window.ran = true">')`);
    await page.evaluate(
      `{ const s = document.createElement('script'); s.textContent = 'window.ran = true'; document.body.append(s); }`,
    );
    expect(await page.evaluate('window.ran')).toBeUndefined();
    await page.context().close();
  });
});
