import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defaultSettings, type PagesSettings } from '../../src/config/settings.ts';
import { load, settingsFrom } from '../config/settingsFrom.ts';
import { type IdentityWorld, openIdentityWorld } from '../support/identityWorld.ts';

let folder: string;
let world: IdentityWorld | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'atoll-branding-'));
});
afterEach(async () => {
  await world?.close();
  world = undefined;
  rmSync(folder, { recursive: true, force: true });
});

async function open(pages: Partial<PagesSettings> = {}): Promise<IdentityWorld> {
  world = await openIdentityWorld({
    authentication: { authenticator: 'dummy' },
    pages: { ...defaultSettings().pages, ...pages },
  });
  return world;
}

const typed = { 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'none', 'sec-fetch-dest': 'document' };
const textOf = async (path: string): Promise<string> =>
  ((await world?.request(path, { headers: typed })) ?? new Response('')).text();

describe('settings', () => {
  test.each([
    'hub: {templateVars: {title: Lab, footer: "<b>f</b>", announcement: all, announcement_login: in, announcement_home: h}}',
    'hub: {config: {JupyterHub: {template_vars: {title: Lab, footer: "<b>f</b>", announcement: all, announcement_login: in, announcement_home: h}}}}',
  ])('%s', async (text) => {
    expect((await settingsFrom(text)).pages).toEqual({
      title: 'Lab',
      footer: '<b>f</b>',
      announcement: 'all',
      announcements: { login: 'in', home: 'h' },
    });
  });

  test.each([
    ['{custom: {org: x}}', 'ATOLL_SETTINGS_NOT_SUPPORTED jupyterhub.hub.templateVars.custom'],
    ['{title: [a]}', 'ATOLL_SETTINGS_VALUE jupyterhub.hub.templateVars.title'],
    ['{constructor: x}', 'ATOLL_SETTINGS_NOT_SUPPORTED jupyterhub.hub.templateVars.constructor'],
  ])('what pages cannot show is told: %s', async (variables, problem) => {
    const { problems } = await load(`hub: {templateVars: ${variables}}`);
    expect(problems.map(({ code, path }) => `${code} ${path}`)).toEqual([problem]);
  });
});

test('title, announcements and footer are on the pages, those of a page instead of the general one', async () => {
  await open({
    title: 'Lab <1>',
    footer: '<a href="/imprint">Imprint</a>',
    announcement: 'For <b>all</b>',
    announcements: { login: 'For those who come' },
  });
  const login = await textOf('/hub/login');
  expect(login).toContain('· Lab &lt;1&gt;</title>');
  expect(login).toContain('For those who come');
  expect(login).not.toContain('For <b>all</b>');
  expect(login).toContain('<a href="/imprint">Imprint</a>');
  expect(await textOf('/hub/nothing')).toContain('For <b>all</b>');
});

test('a script in what the operator wrote does not run', async () => {
  await open({ announcement: '<script>steal()</script><img src=x onerror="steal()">' });
  const answer = await world?.request('/hub/login', { headers: typed });
  const policy = answer?.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/script-src|unsafe-inline/);
});

describe('the logo', () => {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg"><script>steal()</script></svg>';

  test('is the file of the settings, and is no document that could run scripts', async () => {
    const logoFile = join(folder, 'logo.svg');
    writeFileSync(logoFile, svg);
    await open({ logoFile });
    const answer = await world?.request('/hub/logo');
    expect(answer?.headers.get('content-type')).toBe('image/svg+xml');
    expect(answer?.headers.get('content-security-policy')).toContain('sandbox');
    expect(await answer?.text()).toBe(svg);
    expect(await textOf('/hub/login')).toContain('src="/hub/logo"');
  });

  test.each([
    ['missing.png', undefined],
    ['logo.html', '<p>'],
    ['passwd', 'root:x'],
    ['large.png', 2 * 1024 * 1024],
  ])('%s is not shown: Atoll’s own is', async (name, content) => {
    const logoFile = join(folder, name);
    if (content !== undefined) writeFileSync(logoFile, typeof content === 'string' ? content : '');
    if (typeof content === 'number') truncateSync(logoFile, content);
    await open({ logoFile });
    const answer = await world?.request('/hub/logo');
    expect(answer?.status).toBe(200);
    expect(answer?.headers.get('content-type')).toBe('image/svg+xml');
    expect(await answer?.text()).toContain('<svg');
  });

  test('answers HEAD too, as JupyterHub does', async () => {
    await open();
    const answer = await world?.request('/hub/logo', { method: 'HEAD' });
    expect(answer?.status).toBe(200);
    expect(await answer?.text()).toBe('');
  });
});
