import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Atoll } from '../support/atoll.ts';
import { type SelfSigned, selfSigned } from '../support/selfSigned.ts';
import { until } from '../support/until.ts';

const host = 'hub.example.org';
const [pair, next] = [selfSigned(host), selfSigned(host)];
const folder = mkdtempSync(join(tmpdir(), 'atoll-tls-up-'));
let atoll: Atoll;

function write({ cert, key }: SelfSigned): void {
  writeFileSync(join(folder, 'chain.pem'), cert);
  writeFileSync(join(folder, 'key.pem'), key);
}

/** The answer to a request over TLS, which must show this certificate. */
function ask(path: string, { cert }: SelfSigned): Promise<{ status: number | undefined; cookies: string[] }> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: atoll.port, servername: host, ca: cert, path, agent: false };
    request({ ...options, headers: { Host: `${host}:${atoll.port}` } }, (response) => {
      response.resume();
      response.on('end', () => resolve({ status: response.statusCode, cookies: response.headers['set-cookie'] ?? [] }));
    })
      .on('error', reject)
      .end();
  });
}

beforeAll(async () => {
  write(pair);
  const manual = { cert: { fromFile: join(folder, 'chain.pem') }, key: { fromFile: join(folder, 'key.pem') } };
  const settings = { proxy: { https: { enabled: true, type: 'manual', hosts: [host], manual } } };
  atoll = await Atoll.start({ settings: JSON.stringify(settings) });
}, 180_000);

afterAll(async () => {
  await atoll?.end();
  rmSync(folder, { recursive: true });
});

test('`up` serves HTTPS with the certificate of the settings, and cookies that only go over it', async () => {
  expect(atoll.output).toContain(`Ready: https://${host}:${atoll.port}`);
  expect(atoll.output).not.toContain('PRIVATE');
  const { status, cookies } = await ask('/hub/login', pair);
  expect(status).toBe(200);
  expect(cookies.length).toBeGreaterThan(0);
  for (const cookie of cookies) expect(cookie).toMatch(/; Secure/i);
});

test('plain HTTP goes on for what runs on this machine', async () => {
  expect((await fetch(`${atoll.url}/hub/api`)).status).toBe(200);
});

test('a renewed certificate counts without a restart', { timeout: 120_000 }, async () => {
  write(next);
  const shown = await until(
    'the new one is shown',
    () =>
      ask('/hub/login', next).then(
        ({ status }) => status,
        () => undefined,
      ),
    90,
  );
  expect(shown).toBe(200);
});
