import { expect, test } from 'vitest';
import { defaultSettings, type ServerSettings } from '../../src/config/settings.ts';
import type { Reservation } from '../../src/runtimes/contract.ts';
import type { Server } from '../../src/servers/server.ts';
import { serverWorkload } from '../../src/servers/serverWorkload.ts';
import { plainUrls } from '../support/plainUrls.ts';

const server: Server = {
  id: 3,
  userId: 7,
  user: 'ada@example',
  name: 'gpu',
  displayName: 'GPU',
  createdAt: 0,
  desired: 'running',
  phase: 'starting',
  workloadId: 'server-3-ff',
  tokenFingerprint: null,
  userOptions: {},
  settingsDigest: null,
  startedAt: 0,
  readyAt: null,
  lastActivity: null,
  failure: null,
};
const reservation: Reservation = {
  bindAddress: '127.0.0.1',
  ports: { http: 4711 },
  filesDirectory: '/run/x',
  homeDirectory: '/home/ada',
  superuser: false,
};

function workload(
  settings: Partial<ServerSettings> = {},
  place: Partial<Reservation> = {},
  of: Partial<Server> = {},
  clusterOptions: ReadonlySet<string> = new Set(['image']),
  isPod = false,
) {
  return serverWorkload({
    server: { ...server, ...of },
    workloadId: 'server-3-ff',
    credentials: {
      token: 'secret-token',
      clientId: 'jupyterhub-user-ada@example-gpu',
      callbackUrl: '/user/ada@example/gpu/oauth_callback',
      accessScopes: ['access:servers!server=ada@example/gpu', 'access:servers!user=ada@example'],
      clientAllowedScopes: ['read:users!user=ada'],
      servicePrefix: '/user/ada@example/gpu/',
      activityPath: '/hub/api/users/ada@example/activity',
      cookieHostPrefix: false,
    },
    reservation: { ...reservation, ...place },
    settings: { ...defaultSettings().servers, ...settings },
    hubUrl: 'http://127.0.0.1:8000',
    urls: plainUrls,
    clusterOptions,
    isPod,
  });
}

test('the environment is what jupyterhub-singleuser and the Dask clients expect', () => {
  expect(workload().environment).toEqual({
    JUPYTERHUB_API_TOKEN: 'secret-token',
    JPY_API_TOKEN: 'secret-token',
    JUPYTERHUB_CLIENT_ID: 'jupyterhub-user-ada@example-gpu',
    JUPYTERHUB_COOKIE_HOST_PREFIX_ENABLED: '0',
    JUPYTERHUB_HOST: '',
    JUPYTERHUB_PUBLIC_URL: '',
    JUPYTERHUB_PUBLIC_HUB_URL: '',
    JUPYTERHUB_OAUTH_CALLBACK_URL: '/user/ada@example/gpu/oauth_callback',
    JUPYTERHUB_OAUTH_SCOPES: '["access:servers!server=ada@example/gpu","access:servers!user=ada@example"]',
    JUPYTERHUB_OAUTH_ACCESS_SCOPES: '["access:servers!server=ada@example/gpu","access:servers!user=ada@example"]',
    JUPYTERHUB_OAUTH_CLIENT_ALLOWED_SCOPES: '["read:users!user=ada"]',
    JUPYTERHUB_USER: 'ada@example',
    JUPYTERHUB_SERVER_NAME: 'gpu',
    JUPYTERHUB_API_URL: 'http://127.0.0.1:8000/hub/api',
    JUPYTERHUB_ACTIVITY_URL: 'http://127.0.0.1:8000/hub/api/users/ada@example/activity',
    JUPYTERHUB_BASE_URL: '/',
    JUPYTERHUB_SERVICE_PREFIX: '/user/ada@example/gpu/',
    JUPYTERHUB_SERVICE_URL: 'http://127.0.0.1:4711/user/ada@example/gpu/',
    JUPYTERHUB_ROOT_DIR: '/home/ada',
    DASK_GATEWAY__ADDRESS: 'http://127.0.0.1:8000/services/dask-gateway/',
    DASK_GATEWAY__PROXY_ADDRESS: 'gateway://127.0.0.1:8000',
    DASK_GATEWAY__PUBLIC_ADDRESS: '/services/dask-gateway/',
    DASK_GATEWAY__AUTH__TYPE: 'jupyterhub',
    DASK_LABEXTENSION__FACTORY__MODULE: 'dask_gateway',
    DASK_LABEXTENSION__FACTORY__CLASS: 'GatewayCluster',
    DASK_LABEXTENSION__FACTORY__KWARGS__PUBLIC_ADDRESS: '/user/ada@example/gpu/proxy/dask-gateway/',
    DASK_DISTRIBUTED__DASHBOARD__LINK: '{JUPYTERHUB_SERVICE_PREFIX}proxy/{port}/status',
  });
});

test('resources are handed on to the runtime as far as they are set', () => {
  const { resources } = workload({ memoryLimit: 2 ** 30, coreGuarantee: 0.5 });
  expect(resources).toEqual({ memoryLimit: 2 ** 30, coreGuarantee: 0.5 });
});

test("the settings' own variables win, and the seed's values reach the clients as they are written", () => {
  const { environment } = workload({
    defaultUrl: '/lab/tree/{username}.ipynb',
    pod: { ...defaultSettings().servers.pod, image: 'quay.io/x/y:1' },
    environment: {
      DASK_GATEWAY__CLUSTER__OPTIONS__IMAGE: '{JUPYTER_IMAGE_SPEC}',
      DASK_DISTRIBUTED__DASHBOARD_LINK: '/user/{JUPYTERHUB_USER}/proxy/{port}/status',
      DASK_LABEXTENSION__FACTORY__CLASS: 'LocalCluster',
    },
  });
  expect(environment).toMatchObject({
    JUPYTERHUB_DEFAULT_URL: '/lab/tree/ada@example.ipynb',
    DASK_GATEWAY__CLUSTER__OPTIONS__IMAGE: '{JUPYTER_IMAGE_SPEC}',
    DASK_DISTRIBUTED__DASHBOARD_LINK: '/user/ada@example/proxy/{port}/status',
    DASK_LABEXTENSION__FACTORY__CLASS: 'LocalCluster',
    JUPYTER_IMAGE_SPEC: 'quay.io/x/y:1',
  });
  // Other classes would not take the argument.
  expect(environment).not.toHaveProperty('DASK_LABEXTENSION__FACTORY__KWARGS__PUBLIC_ADDRESS');
});

test('a default for an option of clusters is set only where the client can use it', () => {
  const environment = {
    DASK_GATEWAY__CLUSTER__OPTIONS__IMAGE: '{JUPYTER_IMAGE_SPEC}',
    DASK_GATEWAY__CLUSTER__OPTIONS__WORKER_CORES: '2',
  };
  const set = (names: string[], image?: string): string[] => {
    const pod = { ...defaultSettings().servers.pod, ...(image !== undefined && { image }) };
    const variables = workload({ environment, pod }, {}, {}, new Set(names)).environment;
    return Object.keys(variables).filter((name) => name.includes('OPTIONS__'));
  };
  expect(set([], 'a:b')).toEqual([]);
  expect(set(['worker_cores'], 'a:b')).toEqual(['DASK_GATEWAY__CLUSTER__OPTIONS__WORKER_CORES']);
  expect(set(['image'], 'a:b')).toEqual(['DASK_GATEWAY__CLUSTER__OPTIONS__IMAGE']);
  // The client would look for a variable that nobody sets.
  expect(set(['image'])).toEqual([]);
});

test('variables that functions made are no templates', () => {
  const { environment } = workload({ environment: { A: '{username}' }, literalEnvironment: { B: '{username}' } });
  expect(environment).toMatchObject({ A: 'ada@example', B: '{username}' });
});

test("user options never become environment, so nobody can set a server's variables through them", () => {
  const evil = { JUPYTERHUB_API_TOKEN: 'x', environment: { LD_PRELOAD: '/evil.so' }, LD_PRELOAD: '/evil.so' };
  expect(workload({}, {}, { userOptions: evil })).toEqual(workload());
});

test('the command', () => {
  const usual = ['python', '-m', 'jupyterhub.singleuser', expect.stringContaining('terminado_settings')];
  expect(workload().command).toEqual(usual);
  expect(workload({}, { superuser: true }).command).toEqual([...usual, '--allow-root']);
  const own = { command: ['/opt/start.sh', '-x'], extraArguments: ['--user={username}', '--json={"a":1}'] };
  expect(workload(own, { superuser: true }).command).toEqual([
    '/opt/start.sh',
    '-x',
    '--user=ada@example',
    '--json={"a":1}',
  ]);
});

test('names in templates are people’s own on one machine, and KubeSpawner’s slugs where servers are pods', () => {
  const environment = { BUCKET: 's3://x/{username}/{servername}', SAFE: '{safe_username}', OLD: '{escaped_username}' };
  expect(workload({ environment }).environment).toMatchObject({ BUCKET: 's3://x/ada@example/gpu' });
  const settings = { environment, defaultUrl: '/lab/tree/{username}' };
  expect(workload(settings, {}, {}, new Set(), true).environment).toMatchObject({
    JUPYTERHUB_DEFAULT_URL: '/lab/tree/ada@example',
    BUCKET: 's3://x/ada-example---d5534a23/gpu',
    SAFE: 'ada-example---d5534a23',
    OLD: 'ada-40example',
    JUPYTERHUB_USER: 'ada@example',
  });
});
