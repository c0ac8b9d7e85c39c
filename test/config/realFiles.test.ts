import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadSettingsFiles } from '../../src/config/loadSettings.ts';
import { entryAt } from '../../src/config/values/plainValue.ts';
import { short } from './settingsFrom.ts';

const folder = join(import.meta.dirname, 'values');
const seed = join(folder, 'daskhub-2021.yaml');
const defaults = join(folder, '2i2c/charts/basehub.values.yaml');
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => join(folder, name));

/** What one hub is layered from there: chart, cluster, kind of hub (`r-common` for `r-prod`), hub. */
function layersOf(file: string): string[] {
  const kind = /^(\w+)-/.exec(basename(file))?.[1] ?? '';
  const between = ['common.values.yaml', `${kind}-common.values.yaml`].map((name) => join(dirname(file), name));
  return [defaults, ...between.filter((path) => existsSync(path) && path !== file), file];
}

/** The errors of files on every runtime that Atoll has. */
async function errorsOf(paths: string[]): Promise<string[]> {
  const found: string[] = [];
  for (const runtime of ['process', 'kubernetes'] as const) {
    const { problems } = await loadSettingsFiles(paths, { runtime });
    for (const problem of problems) if (problem.severity === 'error') found.push(`${runtime}: ${short(problem)}`);
  }
  return found;
}

describe('files that operators really wrote', () => {
  test('are all there', () => expect(files.length).toBe(78));

  test.each(files.map((file) => relative(folder, file)))('%s has no error, alone and layered', async (name) => {
    const file = join(folder, name);
    expect(await errorsOf([file])).toEqual([]);
    expect(await errorsOf(layersOf(file))).toEqual([]);
  });

  test('every warning of theirs has a place in the file that it names', async () => {
    for (const file of files) {
      const { problems } = await loadSettingsFiles([file]);
      for (const problem of problems) {
        expect(problem).toMatchObject({ file, severity: 'warning' });
        expect(problem.line).toBeGreaterThan(0);
        expect(problem.path).not.toBe('');
      }
    }
  });

  test('settings are plain data: those that `up` writes down are what the hub reads', async () => {
    for (const file of files) {
      const { settings } = await loadSettingsFiles(layersOf(file));
      expect(JSON.parse(JSON.stringify(settings))).toEqual(settings);
    }
  });

  test('a hub of three layers means what its operators mean', async () => {
    const hub = join(folder, '2i2c/nasa-ghg-hub/prod.values.yaml');
    const { settings, values } = await loadSettingsFiles(layersOf(hub));
    expect(settings.servers).toMatchObject({ allowNamedServers: true, defaultUrl: '/lab', startTimeoutSeconds: 600 });
    expect(settings.servers.concurrentStartLimit).toBe(100);
    expect(settings.clusters.scheduler).toMatchObject({
      cores: 0.01,
      coreLimit: 1,
      memory: 128 * 2 ** 20,
      memoryLimit: 2 ** 30,
    });
    expect(settings.roles.find(({ name }) => name === 'usage-quota-service')).toEqual({
      name: 'usage-quota-service',
      description: '',
      scopes: ['read:users', 'list:services', 'read:services'],
      users: [],
      groups: [],
      services: ['usage-quota'],
    });
    expect(settings.authentication).toMatchObject({ authenticator: 'github', configured: true });
    expect(settings.authentication.classes.github?.allowed_organizations).toContain('US-GHG-Center:ghgc-hub-access');
    const place = values && entryAt(values, ['jupyterhub', 'singleuser', 'defaultUrl'])?.keyPlace;
    expect(place?.file.name).toContain('nasa-ghg-hub/common.values.yaml');
    expect(place?.file.positionAt(place.offset)).toEqual({ line: 126, column: 7 });
  });
});

test('on Kubernetes, every key of theirs that shapes pods has its place', async () => {
  const hub = join(folder, '2i2c/nasa-ghg-hub/prod.values.yaml');
  const { settings, problems } = await loadSettingsFiles(layersOf(hub), { runtime: 'kubernetes' });
  const told = problems.filter(({ path }) => path.startsWith('jupyterhub.singleuser')).map(short);
  expect(told).toEqual([expect.stringMatching(/dynamic_image_building: Images are not built from repositories here/)]);
  expect(settings.servers.pod).toMatchObject({
    image: 'quay.io/jupyter/scipy-notebook:2024-03-18',
    serviceAccountName: 'user-sa',
    workingDirectory: '/home/jovyan',
    cloudMetadata: { blockWithIptables: false },
    storage: {
      type: 'static',
      staticPvcName: 'home-nfs',
      staticSubPath: '{escaped_username}',
      volumes: { '001-shm-volume': { name: 'dev-shm', emptyDir: { medium: 'Memory' } } },
    },
  });
  expect(settings.deployment.hub.resources).toEqual({
    requests: { cpu: 0.01, memory: '128Mi' },
    limits: { memory: '2Gi' },
  });
});

describe('the daskhub file of 2021', () => {
  test('is accepted, and each line that has no effect is told', async () => {
    const { settings, problems } = await loadSettingsFiles([seed]);
    expect(problems.map(({ line, code, path }) => `${line} ${code} ${path}`)).toEqual([
      '6 ATOLL_SETTINGS_NO_EFFECT jupyterhub.singleuser.extraEnv.DASK_DISTRIBUTED__DASHBOARD_LINK',
      '9 ATOLL_SETTINGS_NO_EFFECT jupyterhub.singleuser.image',
      '14 ATOLL_SETTINGS_NO_EFFECT jupyterhub.proxy.secretToken',
      '16 ATOLL_SETTINGS_NO_EFFECT jupyterhub.hub.networkPolicy',
      '19 ATOLL_SETTINGS_NO_EFFECT jupyterhub.hub.readinessProbe',
      '23 ATOLL_SETTINGS_WEAK_SECRET jupyterhub.hub.services.dask-gateway.apiToken',
      '40 ATOLL_SETTINGS_NO_EFFECT dask-gateway.gateway.auth',
      '56 ATOLL_SETTINGS_NO_EFFECT dask-gateway.traefik',
    ]);
    expect(settings.authentication).toMatchObject({
      authenticator: 'github',
      configured: true,
      adminUsers: ['arokem'],
      classes: { github: { oauth_callback_url: 'http://xxx/hub/oauth_callback' } },
    });
    expect(settings.servers.environment).toEqual({
      DASK_GATEWAY__CLUSTER__OPTIONS__IMAGE: '{JUPYTER_IMAGE_SPEC}',
      DASK_DISTRIBUTED__DASHBOARD_LINK: '/user/{JUPYTERHUB_USER}/proxy/{port}/status',
      DASK_LABEXTENSION__FACTORY__MODULE: 'dask_gateway',
      DASK_LABEXTENSION__FACTORY__CLASS: 'GatewayCluster',
    });
  });

  test('its placeholder for a token opens nothing', async () => {
    const { settings } = await loadSettingsFiles([seed]);
    expect(settings.services['dask-gateway']).toMatchObject({ name: 'dask-gateway', admin: false });
    expect(settings.services['dask-gateway']).not.toHaveProperty('apiToken');
  });
});
