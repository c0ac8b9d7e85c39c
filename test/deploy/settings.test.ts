import { describe, expect, test } from 'vitest';
import { loadSettings } from '../../src/config/loadSettings.ts';
import { imageOf } from '../../src/deploy/deployRelease.ts';
import { pullSecretNames } from '../../src/deploy/objects/imagePullSecret.ts';
import { renderRelease } from '../../src/deploy/renderRelease.ts';
import { selfSigned } from '../support/selfSigned.ts';

async function loaded(text: string): ReturnType<typeof loadSettings> {
  return loadSettings([{ name: 'config.yaml', text }], { runtime: 'kubernetes' });
}

test('the image of Atoll is the one of the command line, or of the settings; JupyterHub’s own is not meant', async () => {
  const { settings } = await loaded('atoll: { deploy: { image: "r/atoll:2" } }\nhub: { image: { name: jupyterhub } }');
  expect(imageOf(undefined, settings)).toBe('r/atoll:2');
  expect(imageOf('r/atoll:3', settings)).toBe('r/atoll:3');
  const { settings: without } = await loaded('hub: { image: { name: jupyterhub, tag: "4" } }');
  expect(() => imageOf(undefined, without)).toThrow('Which image holds Atoll itself is not known.');
});

test('a secret of hub and edges that could be guessed is not used, and that is said', async () => {
  const good = 'f0'.repeat(32);
  expect((await loaded(`proxy: { secretToken: ${good} }`)).settings.deployment.secretToken).toBe(good);
  for (const weak of ['short', '"<output of `openssl rand -hex 32`>"']) {
    const { settings, problems } = await loaded(`proxy: { secretToken: ${weak} }`);
    expect(settings.deployment.secretToken).toBeUndefined();
    expect(problems.map(({ code, path }) => [code, path])).toEqual([
      ['ATOLL_SETTINGS_NO_EFFECT', 'jupyterhub.proxy.secretToken'],
    ]);
  }
});

describe('TLS that could not be as it is written is refused, with what to do', () => {
  const pair = selfSigned('hub.example.org');
  const problemsOf = async (https: object, more: object = {}): Promise<string[]> =>
    (
      await loadSettings(
        [{ name: 'x', text: JSON.stringify({ proxy: { https: { enabled: true, ...https } }, ...more }) }],
        {
          runtime: 'kubernetes',
        },
      )
    ).problems.map(({ severity, path, message }) => `${severity} ${path}: ${message}`);
  const https = 'jupyterhub.proxy.https';

  test.each([
    ['Let’s Encrypt, the default', {}, `error ${https}.enabled: Atoll asks Let's Encrypt for no certificates itself.`],
    ['Let’s Encrypt', { type: 'letsencrypt' }, `error ${https}.type: Atoll asks Let's Encrypt for no`],
    ['manual without a certificate', { type: 'manual' }, `error ${https}.type: https.type: manual needs`],
    [
      'no certificate',
      { type: 'manual', manual: { cert: 'x', key: 'y' } },
      `error ${https}.manual: https.manual.cert and`,
    ],
    [
      'the key of another certificate',
      { type: 'manual', manual: { cert: pair.cert, key: selfSigned('x').key } },
      `error ${https}.manual: https.manual.key is not the key of https.manual.cert.`,
    ],
    ['a secret without a name', { type: 'secret' }, `error ${https}.type: https.type: secret needs https.secret.name`],
  ])('%s', async (_, written, expected) => {
    const problems = await problemsOf(written);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.startsWith(expected)).toBe(true);
    expect(problems[0]).not.toContain('PRIVATE');
  });

  test('what works is not told', async () => {
    expect(await problemsOf({ type: 'offload' })).toEqual([]);
    expect(await problemsOf({ type: 'manual', manual: pair, hosts: ['hub.example.org'] })).toEqual([]);
    expect(await problemsOf({ type: 'secret', secret: { name: 'wild' } })).toEqual([]);
    expect(await problemsOf({}, { ingress: { enabled: true } })).toEqual([]);
  });
});

describe('a secret that is made for the registry of images', () => {
  const written = 'registry: ghcr.io, username: bot, password: p:w';

  test('is what kubectl makes, and all pods use it', async () => {
    const { settings } = await loaded(`jupyterhub: { imagePullSecret: { create: true, ${written} } }`);
    const release = { name: 'dhub', namespace: 'ns', settings, inputs: [], image: 'atoll:1', controlToken: 'x' };
    const objects = renderRelease(release);
    const secret = objects.find(({ metadata }) => metadata.name === 'image-pull-secret');
    expect(secret).toMatchObject({ kind: 'Secret', type: 'kubernetes.io/dockerconfigjson' });
    const data = Buffer.from(
      (secret?.data as Record<string, string> | undefined)?.['.dockerconfigjson'] ?? '',
      'base64',
    ).toString();
    expect(JSON.parse(data)).toEqual({
      auths: { 'ghcr.io': { username: 'bot', password: 'p:w', auth: Buffer.from('bot:p:w').toString('base64') } },
    });
    for (const kind of ['Deployment', 'DaemonSet'])
      for (const object of objects.filter((one) => one.kind === kind))
        expect(object).toMatchObject({
          spec: { template: { spec: { imagePullSecrets: [{ name: 'image-pull-secret' }] } } },
        });
    expect(settings.servers.pod.imagePullSecrets).toEqual(['image-pull-secret']);
  });

  test('is used by nobody who does not name it, when the settings say so', async () => {
    const { settings } = await loaded(
      `jupyterhub: { imagePullSecret: { create: true, automaticReferenceInjection: false, ${written} } }`,
    );
    expect(settings.deployment.imagePullSecret.create).toBe(true);
    expect(settings.servers.pod.imagePullSecrets).toEqual([]);
    expect(pullSecretNames(settings.deployment, ['own'])).toEqual([{ name: 'own' }]);
  });

  test('needs a user and a password', async () => {
    const { problems } = await loadSettings([{ name: 'x', text: 'imagePullSecret: { create: true, username: bot }' }], {
      runtime: 'kubernetes',
    });
    expect(problems).toEqual([
      expect.objectContaining({
        severity: 'error',
        code: 'ATOLL_SETTINGS_CONFLICT',
        path: 'jupyterhub.imagePullSecret.create',
      }),
    ]);
  });
});

test('secrets for pulling images count for hub and edges, and for servers', async () => {
  const text =
    'jupyterhub: { imagePullSecrets: [common, { name: other }], singleuser: { image: { pullSecrets: [own, common] } } }';
  const { settings } = await loaded(text);
  expect(settings.deployment.imagePullSecrets).toEqual(['common', 'other']);
  expect(settings.servers.pod.imagePullSecrets.toSorted()).toEqual(['common', 'other', 'own']);
});
