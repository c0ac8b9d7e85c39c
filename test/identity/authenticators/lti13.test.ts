import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { AuthenticationSettings } from '../../../src/config/settings.ts';
import { type FakeProvider, startFakeProvider } from '../../support/fakeProvider.ts';
import { type IdentityWorld, openIdentityWorld } from '../../support/identityWorld.ts';
import { PageVisitor } from '../../support/pageVisitor.ts';

const issuer = 'https://canvas.example';
const claim = (name: string): string => `https://purl.imsglobal.org/spec/lti/claim/${name}`;
const foreign = {
  'sec-fetch-site': 'cross-site',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  origin: issuer,
};

let platform: FakeProvider;
let keys: Awaited<ReturnType<typeof generateKeyPair>>;
let publish: (kid: string, pair: typeof keys) => Promise<void>;
beforeAll(async () => {
  platform = await startFakeProvider();
  keys = await generateKeyPair('RS256');
  publish = async (kid, { publicKey }) => {
    platform.routes = {
      '/jwks': { body: { keys: [{ ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' }] } },
    };
  };
});
afterAll(() => platform.close());

const opened: IdentityWorld[] = [];
afterEach(async () => {
  for (const world of opened.splice(0)) await world.close();
});

async function open(traits: AuthenticationSettings['classes']['lti13'] = {}): Promise<IdentityWorld> {
  await publish('one', keys);
  const world = await openIdentityWorld({
    authentication: {
      authenticator: 'lti13',
      allowAll: true,
      classes: {
        lti13: {
          issuer,
          client_id: ['tool-1', 'tool-2'],
          authorize_url: `${issuer}/auth`,
          jwks_endpoint: `${platform.url}/jwks`,
          ...traits,
        },
      },
    },
  });
  opened.push(world);
  return world;
}

const launch = {
  iss: issuer,
  login_hint: 'hint',
  lti_message_hint: 'message',
  client_id: 'tool-2',
  target_link_uri: 'http://hub.test/hub/token',
};

/** The platform begins a launch; returns what it is asked. */
async function begin(visitor: PageVisitor, more: Record<string, string> = {}): Promise<URLSearchParams> {
  const answer = await visitor.post('/hub/lti13/oauth_login', { ...launch, ...more }, foreign);
  expect(answer.status).toBe(302);
  return new URL(answer.headers.get('location') ?? '').searchParams;
}

/** The platform's answer, as a form. */
async function answerTo(
  asked: URLSearchParams,
  claims: Record<string, unknown> = {},
  { key = keys, kid = 'one', alg = 'RS256' } = {},
): Promise<Record<string, string>> {
  const now = 1_795_435_200; // where the clock of these tests stands
  const token = await new SignJWT({
    iss: issuer,
    aud: 'tool-2',
    sub: 'user-7',
    email: 'ada@uni.edu',
    name: 'Ada',
    nonce: asked.get('nonce') ?? '',
    iat: now,
    exp: now + 300,
    [claim('version')]: '1.3.0',
    [claim('message_type')]: 'LtiResourceLinkRequest',
    [claim('deployment_id')]: 'd',
    [claim('target_link_uri')]: launch.target_link_uri,
    [claim('roles')]: [],
    ...claims,
  })
    .setProtectedHeader({ alg, kid })
    .sign(key.privateKey);
  return { state: asked.get('state') ?? '', id_token: token };
}

const back = '/hub/lti13/oauth_callback';

describe('a launch from a course', () => {
  test('leads from the platform to where the link of the course points, and names the person', async () => {
    const world = await open();
    const visitor = new PageVisitor(world);
    const asked = await begin(visitor);
    expect(Object.fromEntries(asked)).toMatchObject({
      response_type: 'id_token',
      response_mode: 'form_post',
      prompt: 'none',
      scope: 'openid',
      client_id: 'tool-2',
      login_hint: 'hint',
      lti_message_hint: 'message',
      redirect_uri: `http://hub.test${back}`,
    });
    const answer = await visitor.post(back, await answerTo(asked), foreign);
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/hub/token']);
    expect(await world.identity.users.get('ada@uni.edu')).toMatchObject({
      vouchedBy: { provider: `lti13:${issuer}`, subject: 'user-7' },
      userInfo: { display_name: 'Ada' },
    });
  });

  test('over https, its cookie comes along with the form of another site; nothing else does', async () => {
    const world = await open();
    const answer = await world.request(`/hub/lti13/oauth_login?${new URLSearchParams(launch).toString()}`, {
      headers: { ...foreign, 'x-forwarded-proto': 'https' },
    });
    const cookies = answer.headers.getSetCookie();
    expect(cookies.filter((line) => line.includes('SameSite=None'))).toEqual([
      expect.stringMatching(/^atoll-sign-in-.*Path=\/hub\/lti13\/oauth_callback; .*HttpOnly; Secure/),
    ]);
  });

  test.each<[string, string, Record<string, unknown>, string]>([
    ['email', 'email', {}, 'ada@uni.edu'],
    ['a custom parameter', 'custom_uname', { [claim('custom')]: { uname: 'ada7' } }, 'ada7'],
    ['sub, when the platform keeps names to itself', 'email', { email: undefined }, 'user-7'],
  ])('the name is %s', async (_what, username_key, claims, expected) => {
    const world = await open({ username_key });
    const visitor = new PageVisitor(world);
    await visitor.post(back, await answerTo(await begin(visitor), claims), foreign);
    expect((await world.identity.users.get(expected))?.name).toBe(expected);
  });

  test.each<[string, Record<string, unknown>]>([
    ['another issuer', { iss: 'https://evil.example' }],
    ['another tool', { aud: 'tool-1' }],
    ['another launch', { nonce: 'x' }],
    ['no launch', { nonce: undefined }],
    ['one that has expired', { exp: 1_795_435_100 }],
    ['an old one', { iat: 1_795_434_000 }],
    ['another version', { [claim('version')]: '1.1' }],
    ['another kind', { [claim('message_type')]: 'x' }],
    ['no deployment', { [claim('deployment_id')]: undefined }],
    ['several tools, none of them this one', { aud: ['tool-2', 'x'], azp: 'x' }],
  ])('an ID token for %s signs nobody in', async (_what, claims) => {
    const world = await open();
    const visitor = new PageVisitor(world);
    const answer = await visitor.post(back, await answerTo(await begin(visitor), claims), foreign);
    expect(answer.status).toBe(502);
    expect(visitor.cookie('jupyterhub-hub-login')).toBeUndefined();
    expect((await world.identity.users.list({ offset: 0, limit: 5 })).total).toBe(0);
  });

  test('an ID token signed by somebody else, or with the public key as a secret, signs nobody in', async () => {
    const world = await open();
    const visitor = new PageVisitor(world);
    const asked = await begin(visitor);
    const other = await answerTo(asked, {}, { key: await generateKeyPair('RS256') });
    expect((await visitor.post(back, other, foreign)).status).toBe(502);
    const secret = new TextEncoder().encode(JSON.stringify(await exportJWK(keys.publicKey)));
    const forged = await new SignJWT({ iss: issuer, aud: 'tool-2', sub: 'x', nonce: asked.get('nonce') ?? '' })
      .setProtectedHeader({ alg: 'HS256', kid: 'one' })
      .sign(secret);
    const again = await begin(visitor);
    expect((await visitor.post(back, { state: again.get('state') ?? '', id_token: forged }, foreign)).status).toBe(502);
  });

  test('a new key of the platform is found', async () => {
    const world = await open();
    const visitor = new PageVisitor(world);
    await visitor.post(back, await answerTo(await begin(visitor)), foreign);
    const next = await generateKeyPair('RS256');
    await publish('two', next);
    const answer = await visitor.post(
      back,
      await answerTo(await begin(visitor), {}, { key: next, kid: 'two' }),
      foreign,
    );
    expect(answer.status).toBe(302);
  });

  test('a launch counts once, and in the browser that began it', async () => {
    const world = await open();
    const visitor = new PageVisitor(world);
    const form = await answerTo(await begin(visitor));
    expect((await new PageVisitor(world).post(back, form, foreign)).status).toBe(400);
    expect((await visitor.post(back, form, foreign)).status).toBe(302);
    expect((await visitor.post(back, form, foreign)).status).toBe(400);
  });

  test('launches that are begun and never finished leave nothing in the hub (CVE-2026-34052)', async () => {
    const world = await open();
    const rows = async (): Promise<number> => {
      const { rows: tables } = await sql<{ name: string }>`select name from sqlite_master where type = 'table'`.execute(
        world.store.db,
      );
      let all = 0;
      for (const { name } of tables) {
        const { rows: counts } = await sql<{ count: number }>`select count(*) as count from ${sql.table(name)}`.execute(
          world.store.db,
        );
        all += counts[0]?.count ?? 0;
      }
      return all;
    };
    const before = await rows();
    for (let n = 0; n < 50; n++) await begin(new PageVisitor(world));
    expect(await rows()).toBe(before);
  });

  test.each<[string, Record<string, string>]>([
    ['of another platform', { iss: 'https://evil.example' }],
    ['of another tool', { client_id: 'x' }],
    ['without a hint', { login_hint: '' }],
  ])('a launch %s is refused', async (_what, more) => {
    const answer = await new PageVisitor(await open()).post('/hub/lti13/oauth_login', { ...launch, ...more }, foreign);
    expect(answer.status).toBe(400);
  });

  test('a link of a course leads nowhere else', async () => {
    const world = await open();
    const visitor = new PageVisitor(world);
    const asked = await begin(visitor, { target_link_uri: 'https://evil.example/hub/' });
    expect((await visitor.post(back, await answerTo(asked), foreign)).headers.get('location')).toBe('/hub/');
  });

  test('the platform can read how to install the hub', async () => {
    const answer = await (await open({ tool_name: 'Our hub' })).request('/hub/lti13/config');
    expect(await answer.json()).toMatchObject({
      title: 'Our hub',
      oidc_initiation_url: 'http://hub.test/hub/lti13/oauth_login',
      target_link_uri: 'http://hub.test/hub/',
    });
  });

  test('the sign-in page says where to begin', async () => {
    const text = await (await new PageVisitor(await open()).get('/hub/login')).text();
    expect(text).toContain('Open this hub from your learning platform');
    expect(text).not.toContain('oauth_login');
  });

  test('without the addresses of the platform it is not configured', async () => {
    await expect(open({ jwks_endpoint: undefined as never })).rejects.toMatchObject({
      code: 'ATOLL_AUTHENTICATOR_INCOMPLETE',
    });
  });
});
