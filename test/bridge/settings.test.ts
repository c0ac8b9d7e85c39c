import { afterEach, expect, test } from 'vitest';
import { loadSettings } from '../../src/config/loadSettings.ts';
import { entryAt } from '../../src/config/values/plainValue.ts';
import { placeText } from '../../src/config/values/valueNode.ts';
import {
  closeBridges,
  gatewayPython,
  hubPython,
  openBridge,
  runPython,
  shortProblems,
} from '../support/pythonSettings.ts';

afterEach(closeBridges);

test('what Python sets counts as written there, with the line of Python as its place', async () => {
  const { settings, values, problems } = await runPython(`
jupyterhub:
  singleuser:
    memory: { limit: 1G }
    extraEnv: { A: a, B: b }
  hub:
    config:
      Authenticator: { admin_users: [ada] }
    extraConfig:
      10-second: |
        c.KubeSpawner.environment["B"] = "changed"
        c.KubeSpawner.environment.pop("A")
        c.Authenticator.admin_users.append("grace")
      01-first: |
        # A comment
        c.KubeSpawner.mem_limit = "2G"
        c.Spawner.default_url = "/lab"
        c.JupyterHub.allow_named_servers = True
        c.KubeSpawner.environment["C"] = "{username}"
`);
  expect(shortProblems(problems)).toEqual([]);
  expect(settings.servers).toMatchObject({
    memoryLimit: 2 ** 31,
    defaultUrl: '/lab',
    allowNamedServers: true,
    environment: { B: 'changed', C: '{username}' },
  });
  expect(settings.servers.environment).not.toHaveProperty('A');
  expect(settings.authentication.adminUsers).toEqual(['ada', 'grace']);
  const placeOf = (...path: string[]): string | undefined => {
    const entry = values && entryAt(values, ['jupyterhub', 'hub', 'config', ...path]);
    return entry && placeText(entry.value.place);
  };
  expect(placeOf('KubeSpawner', 'mem_limit')).toBe('1.yaml:16:9');
  expect(placeOf('Spawner', 'default_url')).toBe('1.yaml:17:9');
  // Changed in place: the last line that speaks of it.
  expect(placeOf('KubeSpawner', 'environment')).toBe('1.yaml:12:9');
  expect(placeOf('Authenticator', 'admin_users')).toBe('1.yaml:13:9');
});

test('files for jupyterhub_config.d run too, before extraConfig; one that does not run is told at its line', async () => {
  const file = (name: string, text: string): string => `
      ${name}:
        mountPath: /usr/local/etc/jupyterhub/jupyterhub_config.d/${name}.py
        stringData: |
          ${text}`;
  const values = (second: string): string => `
jupyterhub:
  hub:
    extraFiles:
      other: { mountPath: /etc/other.py, stringData: 'this is no Python' }${file('b', second)}${file('a', 'c.Spawner.default_url = "/a"')}
    extraConfig:
      last: |
        assert c.Spawner.default_url == "/b"
        c.KubeSpawner.mem_limit = "2G"
`;
  const { settings, problems } = await runPython(values('c.Spawner.default_url = "/b"'));
  expect(shortProblems(problems.filter(({ code }) => code.includes('PYTHON')))).toEqual([]);
  expect(settings.servers).toMatchObject({ defaultUrl: '/b', memoryLimit: 2 ** 31 });
  const broken = await runPython(values('1 / 0'));
  expect(broken.problems.filter(({ code }) => code === 'ATOLL_SETTINGS_PYTHON')).toMatchObject([
    { line: 9, column: 11, path: 'jupyterhub.hub.extraFiles.b.stringData' },
  ]);
});

test('roles, groups and services made in Python are the settings ones', async () => {
  const { settings, problems } = await runPython(
    hubPython(`
c.JupyterHub.load_roles.append({"name": "watcher", "scopes": ["read:users"], "groups": ["staff"]})
c.JupyterHub.load_groups = {"staff": {"users": ["ada"]}}
c.JupyterHub.services.append({"name": "report", "url": "http://127.0.0.1:9000", "api_token": "a-token-of-a-service"})
`),
  );
  expect(shortProblems(problems)).toEqual([]);
  expect(settings.roles).toMatchObject([{ name: 'watcher', scopes: ['read:users'], groups: ['staff'] }]);
  expect(settings.groups.staff?.users).toEqual(['ada']);
  expect(settings.services.report).toMatchObject({ url: 'http://127.0.0.1:9000', apiToken: 'a-token-of-a-service' });
});

test('limits of clusters: the more special class wins, whatever the order', async () => {
  const { settings, problems } = await runPython(
    gatewayPython(`
c.KubeClusterConfig.idle_timeout = 1800
c.ClusterConfig.idle_timeout = 600
c.ClusterConfig.cluster_max_workers = 7
c.ClusterConfig.worker_memory = "3 G"
c.ClusterConfig.worker_cores_limit = 2
c.Backend.cluster_start_timeout = 90
c.ClusterConfig.worker_cmd = ["my-worker", "--quiet"]
c.KubeClusterConfig.image = "registry.example:5000/dask:2026"
c.ClusterConfig.no_such_thing = 1
c.Backend.idle_timout = 1
`),
  );
  expect(shortProblems(problems.filter(({ code }) => code.includes('PYTHON')))).toEqual([
    "1.yaml:13:7 ATOLL_SETTINGS_PYTHON_PART c.Backend.idle_timout is not read: Atoll's clusters have nothing like it.",
    "1.yaml:12:7 ATOLL_SETTINGS_PYTHON_PART c.ClusterConfig.no_such_thing is not read: Atoll's clusters have nothing like it.",
  ]);
  expect(problems.map(({ suggestion }) => suggestion)).toContain('c.Backend.idle_timeout');
  expect(settings.clusters).toMatchObject({
    idleTimeoutSeconds: 1800,
    maxWorkers: 7,
    worker: { memory: 3 * 2 ** 30, coreLimit: 2 },
    startTimeoutSeconds: 90,
    workerCommand: ['my-worker', '--quiet'],
    pod: { image: { name: 'registry.example:5000/dask', tag: '2026' } },
  });
});

test('a wrong value is an error at the line of Python', async () => {
  const { problems } = await runPython(hubPython('x = "lots"\nc.KubeSpawner.mem_limit = x\n'));
  expect(problems[0]).toMatchObject({
    severity: 'error',
    code: 'ATOLL_SETTINGS_VALUE',
    file: '1.yaml',
    line: 5,
    path: 'jupyterhub.hub.config.KubeSpawner.mem_limit',
  });
});

test.each([
  ['c.JupyterHub.services += [\n', 4, "SyntaxError: '[' was never closed"],
  ['def f():\n    return missing\nf()\n', 5, "NameError: name 'missing' is not defined"],
  ['raise ValueError("not\\nlike this")\n', 4, 'ValueError: not\nlike this'],
  ['import sys\nsys.exit("enough")\n', 5, 'SystemExit: enough'],
  ['import no_such_module\n', 4, "ModuleNotFoundError: No module named 'no_such_module'"],
  [
    'from kubespawner.objects import make_pod\nmake_pod()\n',
    5,
    'Refusal: kubespawner.objects.make_pod is not there: Atoll starts servers itself; c.Spawner and c.KubeSpawner with their hooks work',
  ],
  [
    'from dask_gateway_server.options import Integer\nInteger("n", default=5, max=4)\n',
    5,
    'ValueError: n must be <= 4.000000, got 5',
  ],
])('%j fails at its line in the file', async (python, line, message) => {
  const { problems, python: result, bridge } = await runPython(hubPython(python));
  expect(problems.filter(({ severity }) => severity === 'error')).toMatchObject([
    { code: 'ATOLL_SETTINGS_PYTHON', file: '1.yaml', line, message, path: 'jupyterhub.hub.extraConfig' },
  ]);
  expect(result?.loaded.problems).toHaveLength(1);
  bridge.close();
});

test('every snippet that is not Python is told at once; one that fails ends its chart, not the other', async () => {
  const two = await runPython(`
jupyterhub:
  hub:
    extraConfig:
      a: "x ="
      b: |
        y = (
`);
  expect(shortProblems(two.problems)).toEqual([
    '1.yaml:5:10 ATOLL_SETTINGS_PYTHON SyntaxError: invalid syntax',
    "1.yaml:7:9 ATOLL_SETTINGS_PYTHON SyntaxError: '(' was never closed",
  ]);
  const charts = await runPython([hubPython('1 / 0\n'), gatewayPython('c.ClusterConfig.cluster_max_workers = 3\n')]);
  expect(shortProblems(charts.problems)).toEqual([
    '1.yaml:4:7 ATOLL_SETTINGS_PYTHON ZeroDivisionError: division by zero',
  ]);
  expect(charts.settings.clusters.maxWorkers).toBe(3);
});

test('what is not carried over is named with its line and what to write instead', async () => {
  const { problems } = await runPython(
    hubPython(`
from kubespawner import KubeSpawner
import jupyterhub.handlers
class Mine(KubeSpawner):
    def start(self):
        return super().start()
c.JupyterHub.spawner_class = Mine
KubeSpawner.start = None
setattr(jupyterhub.handlers, "login", None)
c.KubeSpawner.modify_pod_hook = lambda spawner, pod: pod
c.Spawner.something = object()
`),
  );
  const parts = problems.filter(({ code }) => code === 'ATOLL_SETTINGS_PYTHON_PART');
  expect(parts.map(({ line, message }) => `${line} ${message}`)).toEqual([
    '10 KubeSpawner.start is replaced in vain: Atoll calls nothing of it.',
    '11 jupyterhub.handlers.login is replaced in vain: Atoll calls nothing of it.',
    '9 c.JupyterHub.spawner_class: Atoll starts servers itself, and calls nothing of a spawner class.',
    '12 c.KubeSpawner.modify_pod_hook: Atoll makes pods itself, and calls nothing on them.',
    '13 c.Spawner.something is not read: a object means nothing to Atoll there.',
  ]);
  expect(parts.slice(0, 4).every(({ suggestion }) => suggestion !== undefined)).toBe(true);
});

test('what may decide who comes in and is not carried over keeps the hub from running', async () => {
  const { problems } = await runPython(
    hubPython(`
from oauthenticator.github import GitHubOAuthenticator as GitHub
import jupyterhub.auth
class Mine(GitHub):
    async def authenticate(self, handler, data):
        return None
c.JupyterHub.authenticator_class = Mine
GitHub.check_allowed = lambda self, name, model: False
jupyterhub.auth.Authenticator.is_admin = None
`),
  );
  expect(problems.map(({ severity, line, code }) => `${severity} ${line} ${code}`)).toEqual([
    'error 10 ATOLL_SETTINGS_PYTHON_PART',
    'error 11 ATOLL_SETTINGS_PYTHON_PART',
    'error 9 ATOLL_SETTINGS_PYTHON_PART',
  ]);
});

test('the chart’s values and names are there: z2jh, names of its configuration file, the release', async () => {
  const { settings, problems } = await runPython(`
basehub:
  jupyterhub:
    custom: { greeting: hello, list: [1, 2] }
    singleuser: { memory: { limit: 3G }, image: { name: quay.io/x/y, tag: '1' } }
    hub:
      services: { report: { url: 'http://127.0.0.1:9' } }
      extraConfig:
        01: |
          import z2jh
          assert z2jh.get_config("custom.list") == [1, 2]
          assert z2jh.get_config("custom.none", 5) == 5 and get_config("custom.greeting") == "hello"
          assert c.KubeSpawner.image == "quay.io/x/y:1" and c.KubeSpawner.mem_limit == "3G"
          assert [service["name"] for service in c.JupyterHub.services] == ["report"]
          assert os.environ["HELM_RELEASE_NAME"] and "report" not in c.JupyterHub
          assert not c.KubeSpawner.profile_list
          z2jh.set_config_if_not_none(c.Spawner, "default_url", "custom.url")
          set_config_if_not_none(c.KubeSpawner, "mem_guarantee", "singleuser.memory.limit")
          shared = "between snippets"
        02: |
          c.KubeSpawner.environment["SHARED"] = shared
`);
  expect(shortProblems(problems.filter(({ code }) => code.includes('PYTHON')))).toEqual([]);
  expect(settings.servers).toMatchObject({ memoryGuarantee: 3 * 2 ** 30, environment: { SHARED: 'between snippets' } });
});

test('secrets are handed over only when a snippet names them', async () => {
  process.env.ATOLL_TEST_PEPPER = 'of the operator';
  process.env.ATOLL_TEST_OTHER = 'not asked for';
  const { problems } = await runPython(`
jupyterhub:
  proxy: { secretToken: proxy-secret }
  hub:
    cookieSecret: cookie-secret
    extraEnv: { GIVEN: from-settings }
    config:
      GitHubOAuthenticator: { client_id: id, client_secret: named }
    extraConfig:
      a: |
        assert os.environ["ATOLL_TEST_PEPPER"] == "of the operator"
        assert os.environ["GIVEN"] == "from-settings"
        assert c.GitHubOAuthenticator.client_secret == "named"
        assert get_config("proxy." + "secret" + "Token") != "proxy-" + "secret"
        assert "cookie" + "-secret" not in str(get_config("hub"))
        assert not any("OTHER" in name for name in os.environ), os.environ
        assert "named" not in str(dict(os.environ))
`);
  delete process.env.ATOLL_TEST_PEPPER;
  delete process.env.ATOLL_TEST_OTHER;
  expect(shortProblems(problems.filter(({ severity }) => severity === 'error'))).toEqual([]);
});

test('what is hidden from a snippet stays where it was, also when the snippet changes what is around it', async () => {
  const { settings, problems } = await runPython(`
jupyterhub:
  singleuser:
    extraEnv: { MY_API_KEY: 'key of the lab', PLAIN: x }
  hub:
    services:
      report: { apiToken: the-token-of-a-service }
    extraConfig:
      a: |
        for service in c.JupyterHub.services:
            service.setdefault("url", "http://127.0.0.1:9000")
            assert "the-" not in str(service), service
        c.KubeSpawner.environment["ADDED"] = "y"
        c.KubeSpawner.environment["HEADER"] = "Bearer " + list(c.KubeSpawner.environment.values())[0]
        assert "lab" not in str(c.KubeSpawner.environment)
`);
  expect(shortProblems(problems)).toEqual([]);
  expect(settings.services.report).toMatchObject({ apiToken: 'the-token-of-a-service', url: 'http://127.0.0.1:9000' });
  expect(settings.servers.environment).toEqual({
    MY_API_KEY: 'key of the lab',
    PLAIN: 'x',
    ADDED: 'y',
    HEADER: 'Bearer key of the lab',
  });
});

test('without Python no process is started', async () => {
  const bridge = openBridge({ python: '/nowhere/python' });
  const { problems, settings } = await runPython('jupyterhub: { singleuser: { defaultUrl: /lab } }', bridge);
  expect(problems).toEqual([]);
  expect(settings.servers.defaultUrl).toBe('/lab');
  expect(bridge.pid).toBeUndefined();
});

test('a broken reload changes nothing: what ran before goes on', async () => {
  const { bridge } = await runPython(gatewayPython('c.Backend.cluster_options = lambda user: None\n'));
  const pid = bridge.pid;
  const broken = await loadSettings([{ name: 'new.yaml', text: gatewayPython('1 / 0\n') }]);
  const { settingsWithPython } = await import('../../src/bridge/settingsWithPython.ts');
  const tried = await settingsWithPython(broken, { current: bridge, get: () => Promise.resolve(bridge) });
  expect(shortProblems(tried.problems)).toEqual([
    'new.yaml:4:7 ATOLL_SETTINGS_PYTHON ZeroDivisionError: division by zero',
  ]);
  tried.discard();
  expect(bridge.pid).toBe(pid);
  expect(bridge.loaded?.clusterOptions).toBe('perUser');
  await runPython('jupyterhub: {}', bridge);
  expect(bridge.loaded).toBeUndefined();
});

test('Python in a quoted text runs too, whatever its lines look like', async () => {
  const source =
    'def limit(\n  number,\n):\n    return number\n\nc.ClusterConfig.cluster_max_workers = max(\n  limit(2),\n1)\n';
  const { settings, problems } = await runPython(
    `dask-gateway: { gateway: { extraConfig: { quoted: ${JSON.stringify(source)} } } }`,
  );
  expect(shortProblems(problems)).toEqual([]);
  expect(settings.clusters.maxWorkers).toBe(2);
});

test('packages that need not be installed: their names resolve, and their classes choose what Atoll has built in', async () => {
  const { settings, problems } = await runPython(
    hubPython(`
import os, nativeauthenticator
from jupyterhub_configurator.mixins import ConfiguratorSpawnerMixin
from ltiauthenticator.lti11.auth import LTI11Authenticator
from dockerspawner import DockerSpawner
from oauthenticator.google import GoogleOAuthenticator
folder = os.path.dirname(nativeauthenticator.__file__)
c.JupyterHub.authenticator_class = GoogleOAuthenticator
c.GoogleOAuthenticator.allow_all = True
assert get_config() is c
assert get_config("singleuser.startTimeout") == 300
`),
  );
  expect(shortProblems(problems)).toEqual([]);
  expect(settings.authentication).toMatchObject({ authenticator: 'google', allowAll: true });
});

test('what the gateway alone would do with classes is named, and is no error', async () => {
  const { problems } = await runPython(
    gatewayPython(`
from dask_gateway_server.auth import Authenticator
class Mine(Authenticator):
    pass
c.DaskGateway.authenticator_class = Mine
`),
  );
  expect(problems).toMatchObject([
    { severity: 'warning', line: 7, message: expect.stringContaining('lets in whom the hub lets in') },
  ]);
});
