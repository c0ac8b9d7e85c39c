import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Explanation, explainSettings } from '../../src/config/explainSettings.ts';
import { keyTable } from '../../src/config/keys/keyTable.ts';
import { settingOf } from '../../src/config/keys/sameSetting.ts';
import { loadSettings } from '../../src/config/loadSettings.ts';
import { parsePath } from '../../src/config/parsePath.ts';
import { pathText } from '../../src/config/problem.ts';
import type { RuntimeKind } from '../../src/config/settings.ts';

const inputs = (...texts: string[]) => texts.map((text, index) => ({ name: `${index + 1}.yaml`, text }));

async function explain(path: string, texts: string[], runtime?: RuntimeKind): Promise<Explanation[]> {
  const explained = explainSettings(
    await loadSettings(inputs(...texts), runtime ? { runtime } : {}),
    parsePath(path) ?? [],
  );
  if ('unknown' in explained) throw new Error(`There is no key ${path}.`);
  return explained.explanations;
}

test('a key that refers to another one refers to one that there is', () => {
  const known = new Set(keyTable.map(({ path }) => path));
  const missing = keyTable.filter((row) => row.kind === 'key' && !known.has(settingOf(row)));
  expect(missing.filter(({ doc }) => doc.startsWith('See '))).toEqual([]);
});

describe('explain', () => {
  test('says which other key for the same is applied later, whether or not this one is written', async () => {
    const text =
      'singleuser: { memory: { limit: 1G } }\n' +
      'hub: { config: { Spawner: { mem_limit: 2G }, KubeSpawner: { mem_limit: 3G, cpu_limit: 4 } } }\n';
    const path = 'jupyterhub.hub.config.KubeSpawner';
    const later = { path: `${path}.mem_limit`, value: '3G', setAt: '1.yaml:2:61' };
    const { settings } = await loadSettings(inputs(text));
    expect(settings.servers.memoryLimit).toBe(3 * 2 ** 30);
    expect(await explain('singleuser.memory.limit', [text])).toMatchObject([{ value: '1G', later }]);
    expect(await explain('hub.config.Spawner.mem_limit', [text])).toMatchObject([{ value: '2G', later }]);
    expect((await explain('hub.config.KubeSpawner.mem_limit', [text]))[0]).not.toHaveProperty('later');
    expect(await explain('singleuser.cpu.limit', [text])).toMatchObject([
      { written: false, later: { path: `${path}.cpu_limit`, value: 4 } },
    ]);
  });

  test('names the file and line that count, those that do not, the default and the effect', async () => {
    const [explanation, ...others] = await explain('jupyterhub.singleuser.startTimeout', [
      'jupyterhub:\n  singleuser:\n    startTimeout: 600\n',
      'singleuser: {defaultUrl: /lab}',
      'basehub:\n  jupyterhub:\n    singleuser: {startTimeout: 900}\n',
    ]);
    expect(others).toEqual([]);
    expect(explanation).toEqual({
      path: 'jupyterhub.singleuser.startTimeout',
      written: true,
      value: 900,
      setAt: '3.yaml:3:18',
      instead: ['1.yaml:3:5'],
      default: 300,
      isDefault: false,
      takes: 'seconds',
      doc: 'Seconds that a start may take.',
      effect: { kind: 'works' },
      notes: [],
    });
  });

  test('a later null takes a key away, and what equals the default is told', async () => {
    const texts = ['singleuser: {startTimeout: 600}', 'singleuser: {startTimeout: null}'];
    expect((await explain('singleuser.startTimeout', texts))[0]).toMatchObject({ written: false, instead: [] });
    expect((await explain('singleuser.startTimeout', ['singleuser: {startTimeout: 300}']))[0]?.isDefault).toBe(true);
  });

  test('says what a key does on the runtime that the settings are for', async () => {
    const text = 'singleuser: {uid: 1001}';
    expect((await explain('singleuser.uid', [text]))[0]?.effect).toMatchObject({ kind: 'none' });
    expect((await explain('singleuser.uid', [text], 'kubernetes'))[0]?.effect).toEqual({ kind: 'works' });
    expect((await explain('singleuser.uid', [`${text}\natoll: {runtime: {kind: kubernetes}}`]))[0]?.effect).toEqual({
      kind: 'works',
    });
  });

  test.each([
    [
      'singleuser.memory.limit',
      'singleuser: {memory: {limit: 2G}}',
      '2G is 2 GiB (2147483648 bytes) here, as in JupyterHub; Kubernetes itself would read 2000000000 bytes.',
    ],
    [
      'singleuser.memory.limit',
      'singleuser: {memory: {limit: " 6G"}}',
      ' 6G is 6 GiB (6442450944 bytes) here, as in JupyterHub; Kubernetes itself would read 6000000000 bytes.',
    ],
    ['singleuser.memory.limit', 'singleuser: {memory: {limit: 2Gi}}', '2Gi is 2 GiB.'],
    ['singleuser.memory.limit', 'singleuser: {memory: {limit: 1073741824}}', '1073741824 is 1 GiB.'],
    [
      'singleuser.storage.capacity',
      'singleuser: {storage: {capacity: 10G}}',
      '10G is 10000000000 bytes, as Kubernetes reads it: 9.3 GiB.',
    ],
    [
      'gateway.backend.worker.memory.limit',
      'gateway: {backend: {worker: {memory: {limit: 4G}}}}',
      '4G is 4 GiB (4294967296 bytes) here, as in JupyterHub; Kubernetes itself would read 4000000000 bytes.',
    ],
  ])('what an amount comes to: %s of %s', async (path, text, note) => {
    expect((await explain(path, [text], 'kubernetes'))[0]?.notes).toEqual([note]);
  });

  test('all keys below a section, and free names that are written', async () => {
    const below = await explain('jupyterhub.singleuser.memory', ['singleuser: {memory: {limit: 1G}}']);
    expect(below.map(({ path, written }) => [path, written])).toEqual([
      ['jupyterhub.singleuser.memory.limit', true],
      ['jupyterhub.singleuser.memory.guarantee', false],
    ]);
    const classes = await explain('hub.config', ['hub: {config: {MyAuthenticator: {a: 1}}}']);
    expect(classes.filter(({ written }) => written).map(({ path }) => path)).toEqual([
      'jupyterhub.hub.config.MyAuthenticator',
    ]);
  });

  test('a part of a value', async () => {
    const [part] = await explain('singleuser.nodeSelector."hub.jupyter.org/x"', [
      'singleuser: {nodeSelector: {hub.jupyter.org/x: here}}',
    ]);
    expect(part).toMatchObject({ value: 'here', setAt: '1.yaml:1:29', written: true });
  });

  test.each([
    ['singleuser.memry.limit', 'jupyterhub.singleuser.memory.limit'],
    ['jupyterhubb.singleuser', 'jupyterhub.singleuser'],
    ['jupyterhub.singleuser.memory.limt', 'jupyterhub.singleuser.memory.limit'],
    ['atoll.nothing-like-it', undefined],
  ])('%s is no key: %s is meant', async (path, suggestion) => {
    const explained = explainSettings(await loadSettings([]), parsePath(path) ?? []);
    expect(explained).toEqual({ unknown: true, ...(suggestion && { suggestion }) });
  });

  test('works without any file, and with files that are broken', async () => {
    expect((await explain('singleuser.startTimeout', []))[0]).toMatchObject({ written: false, default: 300 });
    const [broken] = await explain('singleuser.startTimeout', ['singleuser: {startTimeout: soon}', 'a: [']);
    expect(broken?.notes).toEqual(['jupyterhub.singleuser.startTimeout should be seconds, not "soon".']);
  });

  test('never shows a secret', async () => {
    const secret = 'Sup3r-s3cret-value';
    process.env.ATOLL_TEST_SECRET = secret;
    const texts = [
      `hub: {cookieSecret: ${secret}, services: {a: {apiToken: ${secret}, url: 'http://me:${secret}@host/'}}, db: {url: 'postgres://me:${secret}@host', password: ${secret}}}`,
      `hub: {config: {X: {client_secret: ${secret}, other: ${secret}}, DummyAuthenticator: {password: ${secret}}, CryptKeeper: {keys: [${secret}]}}, extraEnv: {A: ${secret}}}`,
      `singleuser: {extraEnv: {ANY: ${secret}, B: {value: ${secret}}}, initContainers: [{env: [{name: API_TOKEN, value: ${secret}}]}], extraFiles: {a: {mountPath: /a, stringData: ${secret}}}}`,
      `hub: {extraConfig: {a: "c.GitHubOAuthenticator.client_secret = '${secret}'"}}`,
      `singleuser: {defaultUrl: {fromEnv: ATOLL_TEST_SECRET}}\ncustom: {a: ${secret}}\nimagePullSecret: {password: ${secret}}`,
    ];
    for (const runtime of ['process', 'kubernetes'] as const)
      expect(JSON.stringify(await explain('jupyterhub', texts, runtime))).not.toContain(secret);
    delete process.env.ATOLL_TEST_SECRET;
  });
});

describe('paths', () => {
  test('are read as they are written', () => {
    const name = fc.oneof(
      fc.constantFrom('hub', 'a.b', 'x/y', '', 'a b', '"', '0', '<<'),
      fc.string({ maxLength: 20 }),
    );
    fc.assert(
      fc.property(fc.tuple(name, fc.array(fc.oneof(name, fc.nat(99)), { maxLength: 4 })), ([first, rest]) => {
        const path = [first, ...rest];
        const text = pathText(path);
        // Long and secret-looking names are not written in full.
        if (text.includes('***') || text.includes('…')) return;
        expect(parsePath(text)).toEqual(path);
      }),
    );
  });

  test.each(['', '.', 'a.', '.a', 'a..b', 'a[x]', 'a[-1]', 'a["b"]', '[', 'a"b"', 'a.[0]'])('%j is none', (text) => {
    expect(parsePath(text)).toBeUndefined();
  });
});
