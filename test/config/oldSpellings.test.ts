import { describe, expect, test } from 'vitest';
import { loadSettings } from '../../src/config/loadSettings.ts';
import type { RuntimeKind, Settings } from '../../src/config/settings.ts';

async function load(text: string, runtime: RuntimeKind = 'kubernetes') {
  return loadSettings([{ name: 'old.yaml', text }], { runtime });
}

describe('old names of lists of people let in who is on them, and nobody else (GHSA-384w-5v3f-q499)', () => {
  const listed = (settings: Settings): unknown => Object.assign({}, ...Object.values(settings.authentication.classes));
  test.each<[authenticator: string, text: string, rule: object]>([
    ['github', 'GitHubOAuthenticator: {github_organization_whitelist: [lab]}', { allowed_organizations: ['lab'] }],
    ['gitlab', 'GitLabOAuthenticator: {gitlab_group_whitelist: [lab]}', { allowed_gitlab_groups: ['lab'] }],
    ['gitlab', 'GitLabOAuthenticator: {gitlab_project_id_whitelist: [7]}', { allowed_project_ids: ['7'] }],
    ['bitbucket', 'BitbucketOAuthenticator: {team_whitelist: [lab]}', { allowed_teams: ['lab'] }],
    [
      'google',
      'GoogleOAuthenticator: {google_group_whitelist: {uni.edu: [lab]}}',
      { allowed_google_groups: { 'uni.edu': ['lab'] } },
    ],
    ['pam', 'LocalAuthenticator: {group_whitelist: [lab]}', { allowed_groups: ['lab'] }],
    ['pam', 'PAMAuthenticator: {group_whitelist: [lab]}', { allowed_groups: ['lab'] }],
  ])('%s: %s', async (authenticator, text, rule) => {
    const { settings } = await load(`hub: {config: {JupyterHub: {authenticator_class: ${authenticator}}, ${text}}}`);
    expect(listed(settings)).toMatchObject(rule);
    expect(settings.authentication).toMatchObject({ allowAll: false, allowExistingUsers: false });
  });

  test.each(['OAuthenticator', 'GitHubOAuthenticator', 'Authenticator'])('%s.whitelist', async (className) => {
    const { settings } = await load(
      `hub: {config: {JupyterHub: {authenticator_class: github}, ${className}: {whitelist: [ada]}}}`,
    );
    expect(settings.authentication).toMatchObject({ allowedUsers: ['ada'], allowAll: false });
  });

  test('of the sign-in section before zero-to-jupyterhub 0.11', async () => {
    const { settings, problems } = await load(
      'auth: {type: github, whitelist: {users: [ada]}, github: {orgWhitelist: [lab]}}',
    );
    expect(problems).toEqual([]);
    expect(listed(settings)).toMatchObject({ allowed_organizations: ['lab'] });
    expect(settings.authentication).toMatchObject({ allowedUsers: ['ada'], allowAll: false });
  });

  // `y` is true in YAML 1.1, which Helm reads.
  test.each([
    ['{type: github, github: {clientId: x, clientSecret: y}}', '1:58', 'auth.github.clientSecret should be text.'],
    ['{type: ldap, ldap: {server: {port: many}}}', '1:42', 'auth.ldap.server.port should be '],
  ])('what is wrong in %s is told where it is', async (auth, place, message) => {
    const { problems } = await load(`auth: ${auth}`);
    const errors = problems.filter(({ severity }) => severity === 'error');
    expect(errors.map(({ line, column }) => `${line}:${column}`)).toEqual([place]);
    expect(errors[0]?.message).toContain(message);
  });
});

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
