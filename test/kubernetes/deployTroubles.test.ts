import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { isApiError } from '../../src/kubernetes/apiError.ts';
import { DeployWorld } from './support/deployWorld.ts';

const project = resolve(import.meta.dirname, '../..');

describe.skipIf(process.env.ATOLL_TEST_KUBE_LOGS === undefined)('atoll deploy when something is wrong', () => {
  let world: DeployWorld;
  const deployments = async (): Promise<string[]> => {
    const path = `/apis/apps/v1/namespaces/${world.name}/deployments`;
    const { items } = await world.client.request<{ items: { metadata: { name: string } }[] }>({ path });
    return items.map(({ metadata }) => metadata.name);
  };

  const lock = (): string => `/apis/coordination.k8s.io/v1/namespaces/${world.name}/leases/atoll-deploy-${world.name}`;
  const removeLock = (): Promise<unknown> =>
    world.client.request({ method: 'DELETE', path: lock() }).catch((error: unknown) => {
      if (!isApiError(error, 404)) throw error;
    });

  beforeAll(async () => {
    world = await DeployWorld.open();
  });
  afterAll(async () => {
    await world.close();
  });

  test('what Kubernetes refuses is told with its field and its line in the settings; nothing is changed', async () => {
    const more = join(world.folder, 'more.yaml');
    writeFileSync(
      more,
      [
        'jupyterhub:',
        '  hub:',
        '    nodeSelector: { disk: fast }',
        '    tolerations:',
        '      - key: pool',
        '        operator: Sometimes',
        '',
      ].join('\n'),
    );
    const { code, output } = await world.deploy(world.settings(), '-f', more);
    expect(code).toBe(1);
    expect(output).toContain('Kubernetes does not accept Deployment hub. [ATOLL_KUBERNETES_REFUSED]');
    expect(output).toMatch(/spec\.template\.spec\.tolerations\[\d\]\.operator: .*"Sometimes"/);
    expect(output).toContain(`It comes from ${more}:4:5: jupyterhub.hub.tolerations`);
    expect(await deployments()).toEqual([]);
  });

  test('an amount that is none is found too, though Kubernetes names no field', async () => {
    const more = join(world.folder, 'more.yaml');
    writeFileSync(more, 'jupyterhub:\n  hub:\n    resources:\n      requests: { memory: much, cpu: 0.1 }\n');
    const { code, output } = await world.deploy(world.settings(), '-f', more);
    expect(code).toBe(1);
    expect(output).toContain(`It comes from ${more}:4:19: jupyterhub.hub.resources.requests.memory`);
  });

  test('a right that is missing is named, with its verb and resource', async () => {
    const account = `/api/v1/namespaces/${world.name}/serviceaccounts`;
    const head = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'powerless' } };
    await world.client.request({ method: 'POST', path: account, body: head });
    const asked = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
    const { status } = await world.client.request<{ status: { token: string } }>({
      method: 'POST',
      path: `${account}/powerless/token`,
      body: asked,
    });
    const kubeconfig = join(world.folder, 'powerless.yaml');
    const own = parse(readFileSync(process.env.KUBECONFIG ?? '', 'utf8')) as { users: { name: string }[] };
    const users = own.users.map(({ name }) => ({ name, user: { token: status.token } }));
    writeFileSync(kubeconfig, stringify({ ...own, users }));
    const { code, output } = await world.run(
      join(project, 'bin/atoll'),
      ['deploy', ...world.deployArguments(world.settings())],
      { ...process.env, KUBECONFIG: kubeconfig },
    );
    expect(code).toBe(1);
    expect(output).toMatch(/may not (get|list|create|patch) \w+/);
    expect(output).toContain(`system:serviceaccount:${world.name}:powerless`);
    expect(output).toContain('ATOLL_KUBERNETES_FORBIDDEN');
  });

  test('a context that leads nowhere is named, and why', async () => {
    const kubeconfig = join(world.folder, 'nowhere.yaml');
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'moon',
      clusters: [{ name: 'moon', cluster: { server: 'https://127.0.0.1:1' } }],
      users: [{ name: 'moon', user: { token: 'x' } }],
      contexts: [{ name: 'moon', context: { cluster: 'moon', user: 'moon' } }],
    };
    writeFileSync(kubeconfig, JSON.stringify(config));
    const { code, output } = await world.run(
      join(project, 'bin/atoll'),
      ['deploy', ...world.deployArguments(world.settings())],
      { ...process.env, KUBECONFIG: kubeconfig },
    );
    expect(code).toBe(1);
    expect(output).toContain('ATOLL_KUBERNETES_ACCESS');
    expect(output).toContain('moon');
    expect(output).toContain('https://127.0.0.1:1');
  });

  test('killed at any point, it can be repeated', async () => {
    const kills = 6;
    for (let kill = 0; kill < kills; kill += 1) {
      const file = world.settings({ memory: kill % 2 === 0 ? '1G' : '2G' });
      const deploying = spawn(join(project, 'bin/atoll'), ['deploy', ...world.deployArguments(file)], {
        stdio: 'ignore',
        detached: true,
      });
      const ended = once(deploying, 'exit');
      await Promise.race([ended, wait(randomInt(300, 5000))]);
      if (deploying.exitCode === null) process.kill(-(deploying.pid ?? 0), 'SIGKILL');
      await ended;
      // The next one need not wait until what was killed is taken for dead; that the last one does.
      if (kill < kills - 1) await removeLock();
    }
    const { code, output } = await world.deploy(world.settings({ memory: '3G' }));
    expect(output).toMatch(/Ready: /);
    expect(code).toBe(0);
    expect((await deployments()).toSorted()).toEqual(['edge', 'hub']);
    expect(await world.atoll('doctor', '--name', world.name)).toEqual({ code: 0, output: 'All is well.\n' });
    expect((await world.deploy(world.settings({ memory: '3G' }), '--dry-run')).output).toContain(
      'Nothing would change.',
    );
  });

  test('two at once come one after the other, and leave no lock behind', async () => {
    const file = world.settings({ memory: '3G' });
    const both = await Promise.all([world.deploy(file), world.deploy(file)]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    const [first, second] = both
      .map(({ output }) => Number(/Ready: .*, revision (\d+)\./.exec(output)?.[1]))
      .toSorted((a, b) => a - b);
    expect(second).toBe(Number(first) + 1);
    await expect(world.client.request({ path: lock() })).rejects.toThrow('not found');
  });

  test('one that waits in vain says who is at it, and changes nothing', async () => {
    const renewTime = new Date().toISOString().replace('Z', '000Z');
    const spec = { holderIdentity: 'grace@laptop_x', leaseDurationSeconds: 12, acquireTime: renewTime, renewTime };
    const [path, name] = [lock().replace(/\/[^/]+$/, ''), lock().replace(/.*\//, '')];
    const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name }, spec };
    await world.client.request({ method: 'POST', path, body });
    const { code, output } = await world.deploy(world.settings({ memory: '2G' }), '--timeout', '2');
    expect(code).toBe(1);
    expect(output).toMatch(/grace@laptop \(since [\d:]+ UTC\) is deploying \S+; waiting until that is done\./);
    expect(output).toMatch(/ATOLL_DEPLOY_BUSY/);
    expect(output).toMatch(/It is grace@laptop \(since [\d:]+ UTC\)\./);
    await removeLock();
    expect((await world.deploy(world.settings({ memory: '3G' }), '--dry-run')).output).toContain('Nothing would');
  });

  test('images are pulled before anything changes; one that cannot be had is told', async () => {
    const prePuller = {
      continuous: { enabled: false },
      hook: { enabled: true },
      extraImages: { none: { name: 'localhost:1/none', tag: '1' } },
      pause: { image: { name: 'localhost/pause', tag: '1' } },
    };
    const { code, output } = await world.deploy(world.settings({ memory: '3G', jupyterhub: { prePuller } }));
    expect(output).toMatch(/hook-image-puller-\w+: image localhost:1\/none:1 cannot be pulled: .*; going on without/);
    expect(output).toMatch(/Ready: /);
    expect(code).toBe(0);
    const path = `/apis/apps/v1/namespaces/${world.name}/daemonsets`;
    expect((await world.client.request<{ items: unknown[] }>({ path })).items).toEqual([]);
    // The same images: nobody waits for them again.
    const { output: again } = await world.deploy(world.settings({ memory: '2G', jupyterhub: { prePuller } }));
    expect(again).not.toContain('hook-image-puller');
  });

  test('the file of 2021 is deployed as it is', async () => {
    const { code, output } = await world.deployRealFile();
    expect(output).toMatch(/Ready: /);
    expect(code).toBe(0);
  });
});
