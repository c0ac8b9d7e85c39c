import { describe, expect, test } from 'vitest';
import { loadSettings } from '../../src/config/loadSettings.ts';
import type { RuntimeKind, Settings } from '../../src/config/settings.ts';

async function load(text: string, runtime: RuntimeKind = 'kubernetes') {
  return loadSettings([{ name: 'old.yaml', text }], { runtime });
}

describe('keys of zero-to-jupyterhub before version 2', () => {
  test.each<[text: string, part: (settings: Settings) => unknown, value: unknown]>([
    ['hub: {uid: 500}', ({ deployment }) => deployment.hub.containerSecurityContext, { runAsUser: 500 }],
    [
      'hub: {uid: 500, containerSecurityContext: {runAsUser: 600}}',
      ({ deployment }) => deployment.hub.containerSecurityContext,
      { runAsUser: 600 },
    ],
    ['hub: {fsGid: 7}', ({ deployment }) => deployment.hub.podSecurityContext, { fsGroup: 7 }],
    ['proxy: {nodeSelector: {a: b}}', ({ deployment }) => deployment.edge.nodeSelector, { a: 'b' }],
    [
      'proxy: {nodeSelector: {a: b}, chp: {nodeSelector: {c: d}}}',
      ({ deployment }) => deployment.edge.nodeSelector,
      { c: 'd' },
    ],
    ['proxy: {networkPolicy: {enabled: false}}', ({ deployment }) => deployment.edge.networkPolicy.enabled, false],
    ['rbac: {enabled: false}\nhub: {}', ({ deployment }) => deployment.createRbac, false],
    [
      'singleuser: {cloudMetadata: {enabled: true}}',
      ({ servers }) => servers.pod.cloudMetadata.blockWithIptables,
      false,
    ],
    [
      'prePuller: {extraImages: [{name: a/b, tag: "1"}]}',
      ({ deployment }) => deployment.prePuller.extraImages,
      { 'a/b': { name: 'a/b', tag: '1' } },
    ],
    ['httpRoute: {gateway: {name: g}}', ({ deployment }) => deployment.httpRoute.parentRefs, [{ name: 'g' }]],
    [
      'hub: {config: {Authenticator: {whitelist: [ada]}}}',
      ({ authentication }) => authentication.allowedUsers,
      ['ada'],
    ],
  ])('%s works', async (text, part, value) => {
    const { settings, problems } = await load(text);
    expect(problems).toEqual([]);
    expect(structuredClone(part(settings))).toEqual(value);
  });

  test.each([
    ['hub: {publicURL: "http://a"}', 'jupyterhub.hub.publicURL'],
    ['hub: {extraConfigMap: {a: b}}', 'jupyterhub.hub.extraConfigMap'],
    ['hub: {imagePullPolicy: Always}', 'jupyterhub.hub.imagePullPolicy'],
    ['hub: {imagePullSecret: {enabled: true}}', 'jupyterhub.hub.imagePullSecret'],
    ['proxy: {pdb: {enabled: true}}', 'jupyterhub.proxy.pdb'],
    ['proxy: {nginx: {image: {}}}', 'jupyterhub.proxy.nginx'],
    ['proxy: {lego: {image: {}}}', 'jupyterhub.proxy.lego'],
    ['singleuser: {schedulerStrategy: pack}', 'jupyterhub.singleuser.schedulerStrategy'],
    ['singleuser: {imagePullSecret: {enabled: true}}', 'jupyterhub.singleuser.imagePullSecret'],
    ['scheduling: {userScheduler: {policy: {a: 1}}}', 'jupyterhub.scheduling.userScheduler'],
    ['gateway: {auth: {custom: {options: {a: b}}}}', 'dask-gateway.gateway.auth'],
  ])('%s is known, and what it does not do is told', async (text, path) => {
    const { problems } = await load(text);
    expect(problems.map((problem) => [problem.severity, problem.path])).toEqual([['warning', path]]);
    expect(problems[0]?.message).toMatch(/^This (has no effect here, because|is not supported here\.) ./);
  });

  test('null deletes the default of the chart', async () => {
    const { settings } = await load('singleuser: {uid: null, fsGid: null, allowPrivilegeEscalation: null}');
    expect(settings.servers.pod).toMatchObject({ uid: null, fsGid: null, allowPrivilegeEscalation: null });
  });
});
