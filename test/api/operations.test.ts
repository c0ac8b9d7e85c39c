import { execFileSync } from 'node:child_process';
import { afterEach, describe, expect, test } from 'vitest';
import { defaultSettings, type Settings } from '../../src/config/settings.ts';
import { FakeRuntime } from '../support/fakeRuntime.ts';
import { type SmallHub, startSmallHub } from '../support/smallHub.ts';

let hub: SmallHub;
let runtime: FakeRuntime;
afterEach(async () => {
  await hub.close();
  await runtime.close();
});

async function start(settings: Partial<Settings> = {}): Promise<void> {
  runtime = new FakeRuntime();
  const { authentication } = defaultSettings();
  hub = await startSmallHub({
    runtime,
    settings: { authentication: { ...authentication, adminUsers: ['root'] }, ...settings },
  });
}

function call(method: string, path: string, authorization?: string, body?: unknown): Promise<Response> {
  return fetch(`${hub.url}/hub/api${path}`, {
    method,
    headers: { ...(authorization !== undefined && { authorization }), 'x-forwarded-for': '192.0.2.7' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

describe('metrics', () => {
  test('take the scope read:metrics, and are what Prometheus reads', async () => {
    await start();
    expect((await call('GET', '/metrics')).status).toBe(403);
    expect((await call('GET', '/metrics', await hub.authorizationOf('ada'))).status).toBe(403);
    const limited = await hub.authorizationOf('root', ['read:metrics']);
    expect((await call('GET', '/users', limited)).status).toBe(403);
    await call('GET', '/users/ada', await hub.authorizationOf('root'));
    const answer = await call('GET', '/metrics', limited);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toContain('text/plain');
    const text = await answer.text();
    expect(text).toContain('method="GET",handler="/hub/api/users/{user}",code="200"');
    const program = `
import sys
from prometheus_client.parser import text_string_to_metric_families
print(sum(len(f.samples) for f in text_string_to_metric_families(sys.stdin.read())))`;
    const python = `${process.env.ATOLL_PYTHON_ENV ?? ''}/bin/python`;
    expect(Number(execFileSync(python, ['-c', program], { input: text, encoding: 'utf8' }))).toBeGreaterThan(100);
  });

  test('have as many series however many addresses are asked for', async () => {
    await start();
    const token = await hub.authorizationOf('root');
    for (let n = 0; n < 20; n++) await call('GET', `/users/nobody-${n}`, token);
    for (let n = 0; n < 20; n++) await fetch(`${hub.url}/hub/nothing-${n}`, { method: n % 2 ? 'PROPFIND' : 'GET' });
    const text = await (await call('GET', '/metrics', token)).text();
    const counts = text.split('\n').filter((line) => line.startsWith('jupyterhub_request_duration_seconds_count'));
    expect(counts.length).toBeLessThan(8);
    expect(text).not.toContain('nobody-');
  });

  test('are open where the settings say so', async () => {
    await start({ operations: { ...defaultSettings().operations, authenticateMetrics: false } });
    expect((await call('GET', '/metrics')).status).toBe(200);
  });
});

describe('the audit log', () => {
  interface Entry {
    id: number;
    actor: { kind: string; name: string; token: string | null; address: string | null };
    action: string;
    target: string;
    details: Record<string, unknown>;
  }
  const entries = async (query = '', authorization?: string): Promise<{ items: Entry[]; next: number | null }> => {
    const answer = await call('GET', `/audit${query}`, authorization ?? (await hub.authorizationOf('root')));
    expect(answer.status).toBe(200);
    return (await answer.json()) as { items: Entry[]; next: number | null };
  };

  test('takes the scope read:audit', async () => {
    await start();
    expect((await call('GET', '/audit')).status).toBe(403);
    expect((await call('GET', '/audit', await hub.authorizationOf('ada'))).status).toBe(403);
    await entries('', await hub.authorizationOf('root', ['read:audit']));
  });

  test('has who did what to whom, by which token and from where; never the token', async () => {
    await start();
    const root = await hub.authorizationOf('root');
    const id = ((await (await call('GET', '/user', root)).json()) as { token_id: string }).token_id;
    await call('POST', '/users/ada', root);
    await call('POST', '/groups/lab', root, { users: ['ada'] });
    const made = (await (await call('POST', '/users/ada/tokens', root, { note: 'for a test' })).json()) as {
      token: string;
    };
    await call('POST', '/users/ada/server', root);
    await call('PATCH', '/users/ada', root, { admin: true });
    await call('DELETE', '/users/ada/server', `token ${made.token}`);
    await call('POST', '/users/eve', `token ${made.token}`);
    const { items } = await entries('?limit=1000');
    const byRoot = items.filter(({ actor }) => actor.token === id).map(({ action, target }) => `${action} ${target}`);
    expect(byRoot.toReversed()).toEqual([
      'user.create ada',
      'group.create lab',
      'token.create ada',
      'server.start ada/',
      'user.admin ada',
    ]);
    expect(items.find(({ action }) => action === 'server.stop')?.actor).toEqual({
      kind: 'user',
      name: 'ada',
      token: items.find(({ action, target }) => action === 'token.create' && target === 'ada')?.details.token,
      address: '192.0.2.7',
    });
    const all = JSON.stringify(items);
    expect(all).not.toContain(made.token);
    expect(all).not.toContain(root.slice('token '.length));
  });

  test('has nothing of what was refused', async () => {
    await start();
    const ada = await hub.authorizationOf('ada');
    const before = (await entries()).items[0]?.id ?? 0;
    for (const [method, path, body] of [
      ['POST', '/users/eve', undefined],
      ['DELETE', '/users/root', undefined],
      ['POST', '/users/root/tokens', {}],
      ['POST', '/users/ada/tokens', { expires_in: 'never' }],
    ] as const)
      expect((await call(method, path, ada, body)).status).toBeGreaterThanOrEqual(400);
    const { items } = await entries();
    // What it takes to ask.
    expect(items.filter(({ id, actor }) => id > before && actor.name === 'ada')).toEqual([]);
  });

  test('is read page by page', async () => {
    await start();
    const root = await hub.authorizationOf('root');
    await hub.identity.users.create(Array.from({ length: 7 }, (_, n) => `u${n}`));
    const first = await entries('?action=user.create&limit=5', root);
    expect(first.items.map(({ target }) => target)).toEqual(['u6', 'u5', 'u4', 'u3', 'u2']);
    const second = await entries(`?action=user.create&limit=5&before=${first.next}`, root);
    expect(second.items.map(({ target }) => target)).toContain('u0');
    expect(second.next).toBeNull();
  });

  test.each(['?limit=x', '?before=-1', '?before=1e3', `?limit=${'9'.repeat(30)}`])('%s is refused', async (query) => {
    await start();
    expect((await call('GET', `/audit${query}`, await hub.authorizationOf('root'))).status).toBe(400);
  });
});
