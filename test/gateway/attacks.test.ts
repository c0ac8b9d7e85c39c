import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { adminSettings, adminToken } from '../support/adminService.ts';
import { Atoll } from '../support/atoll.ts';
import { GatewayScript } from '../support/gatewayScript.ts';
import { signIn } from '../support/signIn.ts';

interface Attacked {
  name: string;
  cert: string;
  key: string;
  /** Where the scheduler's preload takes orders. */
  api: string;
  /** Where the scheduler itself listens. */
  address: string;
}

let atoll: Atoll;
let tokens: Record<string, string>;
const scripts: GatewayScript[] = [];
let ada: Attacked;
let mallory: Attacked;

async function tokenOf(user: string): Promise<string> {
  const ask = (path: string): Promise<Response> =>
    fetch(`${atoll.url}/hub/api${path}`, {
      method: 'POST',
      headers: { authorization: `token ${adminToken}`, 'content-type': 'application/json' },
      body: '{}',
    });
  await ask(`/users/${user}`);
  return ((await (await ask(`/users/${user}/tokens`)).json()) as { token: string }).token;
}

beforeAll(async () => {
  atoll = await Atoll.start({ settings: adminSettings });
  tokens = { ada: await tokenOf('ada'), mallory: await tokenOf('mallory') };
  scripts.push(...['ada', 'mallory'].map((user) => new GatewayScript('attacked', atoll.url, tokens[user] ?? '')));
  [ada, mallory] = (await Promise.all(scripts.map((script) => script.next<Attacked>()))) as [Attacked, Attacked];
});
afterAll(async () => {
  for (const script of scripts) script.kill();
  await atoll?.end();
});

/** What comes of a TLS connection: the first byte that the other side sends, or how it ended. */
function knock(
  { host, port }: { host: string; port: number },
  servername: string,
  identity?: Attacked,
): Promise<'answered' | 'refused'> {
  const credentials = identity ? { cert: identity.cert, key: identity.key } : {};
  return new Promise((resolve) => {
    const socket: TLSSocket = connect({ host, port, servername, rejectUnauthorized: false, ...credentials });
    const finish = (outcome: 'answered' | 'refused'): void => {
      socket.destroy();
      resolve(outcome);
    };
    // A scheduler says at once what it is.
    socket.once('data', () => finish('answered'));
    socket.once('error', () => finish('refused'));
    socket.once('close', () => finish('refused'));
  });
}

const edge = (): { host: string; port: number } => ({ host: '127.0.0.1', port: atoll.port });
const placeOf = (address: string): { host: string; port: number } => {
  const { hostname, port } = new URL(address.replace('tls:', 'http:'));
  return { host: hostname, port: Number(port) };
};

describe('a scheduler, through the edge', () => {
  test('answers whoever has the certificate of its cluster', async () => {
    expect(await knock(edge(), `daskgateway-${ada.name}`, ada)).toBe('answered');
  });

  test('answers nobody without a certificate, or with that of another cluster, and nobody by another name', async () => {
    const name = `daskgateway-${ada.name}`;
    expect(await knock(edge(), name)).toBe('refused');
    expect(await knock(edge(), name, mallory)).toBe('refused');
    for (const wrong of [
      ada.name,
      `daskgateway-${ada.name}.example`,
      `x.daskgateway-${ada.name}`,
      'daskgateway-',
      'localhost',
    ])
      expect([wrong, await knock(edge(), wrong, ada)]).toEqual([wrong, 'refused']);
  });
});

describe('a program on the same machine, such as another person’s worker', () => {
  test('reaches no scheduler but its own: each demands the certificate of its cluster', async () => {
    expect(await knock(placeOf(ada.address), '', ada)).toBe('answered');
    expect(await knock(placeOf(ada.address), '')).toBe('refused');
    expect(await knock(placeOf(ada.address), '', mallory)).toBe('refused');
  });

  test('cannot order workers, nor report, in the name of another cluster', async () => {
    const order = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"op": "scale", "count": 9}',
    };
    expect(new URL(ada.api).hostname).toBe('127.0.0.1');
    expect((await fetch(`${ada.api}/api/comm`, order)).status).toBe(403);
    const asMallory = { ...order, headers: { ...order.headers, authorization: `token ${tokens.mallory}` } };
    expect((await fetch(`${ada.api}/api/comm`, asMallory)).status).toBe(403);
    const report = `${atoll.url}/services/dask-gateway/api/v1/clusters/${ada.name}/report`;
    expect((await fetch(report, asMallory)).status).toBe(401);
  });

  test('finds no credential in the list of processes, nor in any log', () => {
    const secrets = [ada.key.split('\n')[1] ?? '', tokens.ada ?? '', adminToken, tokenFileOf(ada.name)];
    for (const secret of secrets) expect(secret.length).toBeGreaterThan(20);
    const shown = [...commandLines(), atoll.output, ...logs()];
    expect(commandLines().join('')).toContain('dask_scheduler');
    expect(logs().join('')).toContain('Scheduler at');
    for (const secret of secrets) expect(shown.filter((text) => text.includes(secret))).toEqual([]);
  });
});

describe('from outside', () => {
  const below = (path: string): string => `${atoll.url}/services/dask-gateway/clusters/${ada.name}${path}`;

  test('the scheduler’s own HTTP API is not reachable, not even for the owner', async () => {
    const asOwner = { authorization: `token ${tokens.ada}`, 'content-type': 'application/json' };
    for (const path of ['/api/comm', '/api/v1/retire_workers', '/../api/comm', '//api/comm']) {
      const answer = await fetch(below(path), {
        method: 'POST',
        headers: asOwner,
        body: '{"op": "scale", "count": 9}',
      });
      expect([path, answer.status >= 400]).toEqual([path, true]);
    }
  });

  test('neither cookies nor tokens reach the code of the owner', async () => {
    const browser = await signIn(atoll, 'ada');
    for (const headers of [
      { authorization: `token ${tokens.ada}`, cookie: 'jupyterhub-session-id=stolen; other=1' },
      undefined,
    ]) {
      const answer = headers
        ? await fetch(below('/echo'), { headers })
        : await browser.request(new URL(below('/echo')).pathname);
      expect(answer.status).toBe(200);
      const seen = JSON.stringify(await answer.json()).toLowerCase();
      expect(seen).toContain('host');
      for (const secret of ['authorization', 'stolen', 'jupyterhub-session-id', 'atoll-view', tokens.ada ?? ''])
        expect([secret, seen.includes(secret.toLowerCase())]).toEqual([secret, false]);
    }
  });

  test.each(['eventstream', 'status/ws'])('a page of somebody else cannot open the WebSocket %s', async (path) => {
    const open = (origin: string): Promise<string> =>
      new Promise((resolve) => {
        const url = below(`/${path}`).replace('http', 'ws');
        const socket = new WebSocket(url, { headers: { authorization: `token ${tokens.ada}`, origin } });
        const finish = (outcome: string): void => {
          socket.terminate();
          resolve(outcome);
        };
        socket.once('open', () => finish('open'));
        socket.once('unexpected-response', (_request, response) => finish(String(response.statusCode)));
        socket.once('error', () => finish('error'));
      });
    expect(await open('https://evil.example')).toBe('403');
    expect(await open('null')).toBe('403');
    expect(await open(atoll.url)).not.toBe('403');
  });

  test('another person’s cluster looks like none in every answer', async () => {
    const asMallory = { authorization: `jupyterhub ${tokens.mallory}` };
    const unknown = '0'.repeat(32);
    for (const path of ['', '?wait', '/explanation'])
      for (const name of [ada.name, unknown]) {
        const answer = await fetch(`${atoll.url}/services/dask-gateway/api/v1/clusters/${name}${path}`, {
          headers: asMallory,
        });
        expect([path, answer.status, (await answer.text()).replace(name, 'NAME')]).toEqual([
          path,
          404,
          expect.stringContaining('Cluster NAME not found'),
        ]);
      }
  });
});

/** The API token of a cluster, which its scheduler reads from a file. */
function tokenFileOf(clusterName: string): string {
  const folder = join(atoll.data, 'process/workloads', `scheduler-${clusterName}`);
  const path = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((file) => file.endsWith('api-token'));
  return readFileSync(join(folder, path ?? ''), 'utf8');
}

/** What `ps` shows of every process of the machine but this one. */
function commandLines(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((pid) => read(`/proc/${pid}/cmdline`));
}

/** The logs of all workloads. */
function logs(): string[] {
  const folder = join(atoll.data, 'process/workloads');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => /(^|\/)log$|\.log$/.test(path))
    .map((path) => read(join(folder, path)));
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // It ended meanwhile.
  }
}
