import type { Hono } from 'hono';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Clusters } from '../../src/clusters/clusters.ts';
import { defaultSettings } from '../../src/config/settings.ts';
import { clustersPages } from '../../src/pages/clusters/clustersPages.ts';
import { ClusterWorld } from '../support/clusterWorld.ts';
import { signIn } from '../support/signIn.ts';
import { type SmallHub, startSmallHub } from '../support/smallHub.ts';

const password = 'a fine password';
let world: ClusterWorld;
let clusters: Clusters;
let hub: SmallHub;
let app: Hono;

beforeAll(async () => {
  world = await ClusterWorld.create();
  ({ clusters } = await world.open());
  const { authentication, servers } = defaultSettings();
  hub = await startSmallHub({
    runtime: world.runtime,
    store: world.store,
    settings: {
      authentication: { ...authentication, authenticator: 'native', configured: true, adminUsers: ['root'] },
      servers: { ...servers, allowNamedServers: true },
    },
    pages: [
      clustersPages({ clusters }),
      (frame) => {
        app = frame.app;
      },
    ],
  });
  for (const name of ['ada', 'root']) {
    await hub.identity.accounts?.signUp(name, password);
    await hub.identity.accounts?.approve(name);
  }
});
afterAll(async () => {
  await hub?.close();
  await clusters?.close();
  await world?.close();
});

/** The addresses of all pages, of things that are there and of things that are not. */
function addresses(): string[] {
  const paths = app.routes.filter(({ method }) => method === 'GET').map(({ path }) => path);
  const filled = (user: string): string[] =>
    paths.map((path) => path.replace(/:user\b|:username\b/g, user).replace(/:\w+(?:\{[^}]*\})?|\*/g, 'x'));
  return [...new Set([...filled('ada'), ...filled('nobody'), '/hub/nothing', '/nothing'])];
}

test.each([undefined, 'ada', 'root'])('every page is strict with browsers, whoever looks (%s)', async (user) => {
  const browser = user === undefined ? undefined : await signIn(hub, user, password);
  const wrong: string[] = [];
  let pages = 0;
  for (const address of addresses()) {
    const headers = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    const answer = browser
      ? await browser.request(address, { headers })
      : await fetch(hub.url + address, { headers, redirect: 'manual' });
    const text = await answer.text();
    const check = (what: string, holds: boolean): void => void (holds || wrong.push(`${address}: ${what}`));
    check(`status ${answer.status}`, answer.status < 500);
    check('nosniff', answer.headers.get('x-content-type-options') === 'nosniff');
    if (!text.startsWith('<!doctype html>') && answer.status !== 302) continue;
    pages++;
    const policy = (answer.headers.get('content-security-policy') ?? '').split('; ');
    for (const part of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "style-src 'self'"])
      check(part, policy.includes(part));
    check('no unsafe source', !/unsafe|\*|https?:/.test(policy.join(' ')));
    check(
      'scripts from the hub only',
      policy.every((part) => !part.startsWith('script-src') || part === "script-src 'self'"),
    );
    check('Referrer-Policy', answer.headers.get('referrer-policy') === 'same-origin');
    check('Cache-Control', answer.headers.get('cache-control') === 'no-store');
    check('no inline script, style or handler', !/<script(?! src="\/hub\/static)|<style|\sstyle=|\son\w+=/i.test(text));
    for (const cookie of answer.headers.getSetCookie()) check(`HttpOnly: ${cookie}`, cookie.includes('; HttpOnly'));
  }
  expect(wrong).toEqual([]);
  expect(pages).toBeGreaterThan(20);
});
