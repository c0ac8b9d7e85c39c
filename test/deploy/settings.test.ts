import { expect, test } from 'vitest';
import { loadSettings } from '../../src/config/loadSettings.ts';
import { imageOf } from '../../src/deploy/deployRelease.ts';

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

test('secrets for pulling images count for hub and edges, and for servers', async () => {
  const text =
    'jupyterhub: { imagePullSecrets: [common, { name: other }], singleuser: { image: { pullSecrets: [own, common] } } }';
  const { settings } = await loaded(text);
  expect(settings.deployment.imagePullSecrets).toEqual(['common', 'other']);
  expect(settings.servers.pod.imagePullSecrets.toSorted()).toEqual(['common', 'other', 'own']);
});
