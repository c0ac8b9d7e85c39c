import { createHmac } from 'node:crypto';
import { SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { authorizationHeader } from '../../../src/identity/authenticators/mediawiki/oauth1.ts';
import { type FakeProvider, type FakeRequest, startFakeProvider } from '../../support/fakeProvider.ts';
import { type IdentityWorld, openIdentityWorld } from '../../support/identityWorld.ts';
import { PageVisitor } from '../../support/pageVisitor.ts';

test('a request is signed as RFC 5849 says', () => {
  // The request of its section 1.2, with the version, which is left out there; the base string is written out by hand.
  const header = authorizationHeader({
    method: 'GET',
    url: new URL('http://photos.example.net/photos?file=vacation.jpg&size=original'),
    consumer: { key: 'dpf43f3p2l4k3l03', secret: 'kd94hf93k423kf44' },
    token: { key: 'nnch734d00sl2jdk', secret: 'pfkkdhi9sl3r4s00' },
    timestamp: 137131202,
    nonce: 'chapoH',
  });
  const base =
    'GET&http%3A%2F%2Fphotos.example.net%2Fphotos&file%3Dvacation.jpg%26oauth_consumer_key%3Ddpf43f3p2l4k3l03' +
    '%26oauth_nonce%3DchapoH%26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131202' +
    '%26oauth_token%3Dnnch734d00sl2jdk%26oauth_version%3D1.0%26size%3Doriginal';
  const signature = createHmac('sha1', 'kd94hf93k423kf44&pfkkdhi9sl3r4s00').update(base).digest('base64');
  expect(header).toContain(`oauth_signature="${encodeURIComponent(signature)}"`);
  expect(header).toMatch(/^OAuth oauth_consumer_key="dpf43f3p2l4k3l03", oauth_nonce="chapoH"/);
});

const secret = 'a-secret-of-the-hub-and-the-wiki';
const fieldOf = ({ headers }: FakeRequest, name: string): string | undefined =>
  new RegExp(`${name}="([^"]+)"`).exec(headers.authorization ?? '')?.[1];

describe('MediaWiki', () => {
  let wiki: FakeProvider;
  beforeAll(async () => {
    wiki = await startFakeProvider();
  });
  afterAll(() => wiki.close());
  const opened: IdentityWorld[] = [];
  afterEach(async () => {
    for (const world of opened.splice(0)) await world.close();
    wiki.requests.length = 0;
  });

  /** A hub beside a wiki that says this about whoever comes, signed with this key; and a visitor who is on the way. */
  async function open(claims: Record<string, unknown> = {}, key = secret) {
    const pages: Record<string, (request: FakeRequest) => unknown> = {
      'Special:OAuth/initiate': () => ({ key: 'request-key', secret: 'request-secret' }),
      'Special:OAuth/token': () => ({ key: 'access-key', secret: 'access-secret' }),
      'Special:OAuth/identify': (request) =>
        new SignJWT({ username: 'Ada Lovelace', uid: 7, sub: '7', nonce: fieldOf(request, 'oauth_nonce'), ...claims })
          .setProtectedHeader({ alg: 'HS256' })
          .setIssuer(typeof claims.iss === 'string' ? claims.iss : wiki.url)
          .setAudience(typeof claims.aud === 'string' ? claims.aud : 'hub')
          .setIssuedAt()
          .setExpirationTime('1m')
          .sign(new TextEncoder().encode(key)),
    };
    wiki.routes = {
      '/w/index.php': async (request) => ({
        body: await pages[request.url.searchParams.get('title') ?? '']?.(request),
      }),
    };
    const mediawiki = { client_id: 'hub', client_secret: secret, mw_index_url: `${wiki.url}/w/index.php` };
    const world = await openIdentityWorld({
      authentication: { authenticator: 'mediawiki', allowAll: true, enableAuthState: true, classes: { mediawiki } },
    });
    opened.push(world);
    const visitor = new PageVisitor(world);
    const there = new URL((await visitor.get('/hub/oauth_login?next=/hub/token')).headers.get('location') ?? '');
    return { world, visitor, there };
  }
  const back = '/hub/oauth_callback?oauth_verifier=v&oauth_token=request-key';

  test('the browser takes a request token there, and comes back as somebody', async () => {
    const { world, visitor, there } = await open();
    expect(Object.fromEntries(there.searchParams)).toEqual({
      title: 'Special:OAuth/authenticate',
      oauth_token: 'request-key',
      oauth_consumer_key: 'hub',
    });
    const answer = await visitor.get(back);
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/hub/token']);
    const [initiate, exchange] = wiki.requests;
    expect(initiate && fieldOf(initiate, 'oauth_callback')).toBe('oob');
    expect(exchange && fieldOf(exchange, 'oauth_verifier')).toBe('v');
    const user = await world.user('ada_lovelace');
    expect(user.vouchedBy).toMatchObject({ subject: '7' });
    expect(await world.identity.authStateOf(user)).toMatchObject({
      ACCESS_TOKEN_KEY: 'access-key',
      ACCESS_TOKEN_SECRET: 'access-secret',
    });
  });

  test.each<[string, Record<string, unknown>, string, number]>([
    ['signed by somebody else', {}, 'another-secret-of-nobody-known-here', 502],
    ['about another question', { nonce: 'x' }, secret, 502],
    ['of another wiki', { iss: 'https://evil.example' }, secret, 502],
    ['for another application', { aud: 'other' }, secret, 502],
    ['about somebody who is blocked', { blocked: true }, secret, 403],
  ])('an answer %s signs nobody in', async (_what, claims, key, status) => {
    const { world, visitor } = await open(claims, key);
    expect((await visitor.get(back)).status).toBe(status);
    expect((await world.identity.users.list({ offset: 0, limit: 5 })).total).toBe(0);
  });

  test('an answer that this browser did not ask for signs nobody in', async () => {
    const { world, visitor } = await open();
    expect((await new PageVisitor(world).get(back)).status).toBe(400);
    expect((await visitor.get(back.replace('request-key', 'another'))).status).toBe(400);
    expect((await visitor.get('/hub/oauth_callback?oauth_token=request-key')).status).toBe(502);
    expect((await visitor.get(back)).status).toBe(302);
    expect((await visitor.get(back)).status).toBe(400);
  });
});
