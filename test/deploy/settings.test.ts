import { describe, expect, test } from 'vitest';
import { loadSettings } from '../../src/config/loadSettings.ts';
import { imageOf } from '../../src/deploy/deployRelease.ts';
import { pullSecretNames } from '../../src/deploy/objects/imagePullSecret.ts';
import { renderRelease } from '../../src/deploy/renderRelease.ts';

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

test('TLS that the edges would have to end is told, with what to do; TLS of a load balancer is not', async () => {
  const { problems } = await loaded('proxy: { https: { enabled: true, type: letsencrypt } }');
  expect(problems.map(({ code, path }) => [code, path])).toEqual([
    ['ATOLL_SETTINGS_NOT_SUPPORTED', 'jupyterhub.proxy.https.type'],
  ]);
  expect(problems[0]?.message).toContain('ingress.tls');
  expect((await loaded('proxy: { https: { enabled: true, type: offload } }')).problems).toEqual([]);
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
