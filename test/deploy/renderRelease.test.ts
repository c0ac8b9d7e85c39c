import { describe, expect, test } from 'vitest';
import { defaultSettings } from '../../src/config/settings.ts';
import { changedFields } from '../../src/deploy/changedFields.ts';
import { hubRights } from '../../src/deploy/objects/hubRights.ts';
import { hookPuller, imagesOf } from '../../src/deploy/objects/pullerObjects.ts';
import type { KubeObject, Release } from '../../src/deploy/release.ts';
import { renderRelease } from '../../src/deploy/renderRelease.ts';
import { shownChange } from '../../src/deploy/shownChange.ts';

const secret = 'a-secret-of-the-settings';

function release(change: (settings: ReturnType<typeof defaultSettings>) => void = () => undefined): Release {
  const settings = defaultSettings();
  change(settings);
  const inputs = [{ name: 'secrets.yaml', text: `x: ${secret}\n` }];
  return { name: 'dhub', namespace: 'ns', settings, inputs, image: 'atoll:1', controlToken: 'c'.repeat(64) };
}

const find = (objects: readonly KubeObject[], kind: string, name: string): KubeObject => {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  if (!found) throw new Error(`no ${kind} ${name}`);
  return found;
};

const podSpecOf = ({ spec }: KubeObject): { volumes: unknown[] } =>
  (spec as { template: { spec: { volumes: unknown[] } } }).template.spec;

describe('what a release is made of', () => {
  test('every object says whose it is, and is in the namespace', () => {
    for (const object of renderRelease(release())) {
      expect(object.metadata.labels).toMatchObject({
        'atoll/release': 'dhub',
        'app.kubernetes.io/managed-by': 'atoll',
      });
      expect(object.metadata.namespace).toBe('ns');
    }
  });

  test('settings and keys are in secrets, and nowhere else', () => {
    const others = renderRelease(release()).filter(({ kind }) => kind !== 'Secret');
    const text = JSON.stringify(others);
    expect(text).not.toContain(secret);
    expect(text).not.toContain('c'.repeat(64));
    expect(text).not.toContain(Buffer.from(secret).toString('base64').slice(0, 20));
  });

  test('with a database elsewhere the hub has no volume', () => {
    const rendered = renderRelease(
      release((settings) => {
        settings.database = { url: 'postgresql://hub@db/hub' };
      }),
    );
    expect(rendered.some(({ kind }) => kind === 'PersistentVolumeClaim')).toBe(false);
    const { volumes } = podSpecOf(find(rendered, 'Deployment', 'hub'));
    expect(volumes).toContainEqual({ name: 'data', emptyDir: {} });
    expect(podSpecOf(find(renderRelease(release()), 'Deployment', 'hub')).volumes).toContainEqual({
      name: 'data',
      persistentVolumeClaim: { claimName: 'hub-data' },
    });
  });

  test('the hub’s account has these rights in its namespace, and no others', () => {
    const { rules } = find(renderRelease(release()), 'Role', 'hub');
    expect(rules).toEqual(hubRights);
    const text = JSON.stringify(hubRights);
    expect(text).not.toContain('*');
    // Nothing by which an account could get more rights, run in others' pods, or read what it has not made by name.
    for (const word of [
      'escalate',
      'bind',
      'impersonate',
      'exec',
      'attach',
      'portforward',
      'serviceaccounts',
      'nodes',
      'roles',
    ])
      expect(text).not.toContain(word);
    expect(renderRelease(release()).some(({ kind }) => kind.startsWith('ClusterRole'))).toBe(false);
  });

  test('containers of hub and edges have no rights of the superuser', () => {
    for (const name of ['hub', 'edge']) {
      const text = JSON.stringify(find(renderRelease(release()), 'Deployment', name));
      expect(text).toContain('"allowPrivilegeEscalation":false');
      expect(text).toContain('"readOnlyRootFilesystem":true');
      expect(text).toContain('"drop":["ALL"]');
      expect(text).toContain('"runAsNonRoot":true');
    }
    expect(JSON.stringify(find(renderRelease(release()), 'Deployment', 'edge'))).toContain(
      '"automountServiceAccountToken":false',
    );
  });

  test('new settings replace the hub; the edges, which carry everybody’s connections, stay', () => {
    const before = renderRelease(release());
    const after = renderRelease({ ...release(), inputs: [{ name: 'config.yaml', text: 'other: 1\n' }] });
    const changes = (kind: string, name: string): string[] =>
      changedFields(find(before, kind, name), find(after, kind, name)).map(({ path }) => path);
    expect(changes('Deployment', 'hub')).toEqual(['spec.template.metadata.annotations["atoll/settings"]']);
    expect(changes('Deployment', 'edge')).toEqual([]);
  });

  test('priorities, placeholders, ingress and route are there when the settings ask for them', () => {
    const names = (objects: readonly KubeObject[]): string[] =>
      objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(names(renderRelease(release()))).not.toContain('Ingress jupyterhub');
    const objects = renderRelease(
      release(({ deployment }) => {
        deployment.scheduling.podPriority.enabled = true;
        deployment.scheduling.userPlaceholder.replicas = 3;
        deployment.ingress.enabled = true;
        deployment.ingress.hosts = ['hub.example.org'];
        deployment.httpRoute.enabled = true;
        deployment.prePuller.continuous.enabled = false;
      }),
    );
    expect(names(objects)).toEqual(
      expect.arrayContaining([
        'PriorityClass dhub-core',
        'PriorityClass dhub-placeholders',
        'StatefulSet user-placeholder',
        'Ingress jupyterhub',
        'HTTPRoute jupyterhub',
      ]),
    );
    expect(names(objects)).not.toContain('DaemonSet continuous-image-puller');
    expect(JSON.stringify(find(objects, 'Deployment', 'hub'))).toContain('"priorityClassName":"dhub-core"');
  });

  test('another secret between hub and edges replaces both', () => {
    const before = renderRelease(release());
    const after = renderRelease({ ...release(), controlToken: 'd'.repeat(64) });
    for (const name of ['hub', 'edge'])
      expect(
        changedFields(find(before, 'Deployment', name), find(after, 'Deployment', name)).map(({ path }) => path),
      ).toEqual(['spec.template.metadata.annotations["atoll/keys"]']);
  });

  test('where a load balancer ends TLS, both ports lead to the edges', () => {
    const { spec } = find(
      renderRelease(
        release(({ deployment }) => {
          Object.assign(deployment.edge.https, { enabled: true, type: 'offload' });
        }),
      ),
      'Service',
      'proxy-public',
    );
    expect((spec as { ports: unknown }).ports).toEqual([
      { name: 'http', port: 80, targetPort: 'http' },
      { name: 'https', port: 443, targetPort: 'http' },
    ]);
  });

  test('an ingress and a route lead to a port that the service has', () => {
    const without = (disableHttpPort: boolean): unknown[] => {
      const objects = renderRelease(
        release(({ deployment }) => {
          deployment.ingress.enabled = true;
          deployment.httpRoute.enabled = true;
          Object.assign(deployment.edge.https, { enabled: true, type: 'offload' });
          deployment.edge.service.disableHttpPort = disableHttpPort;
        }),
      );
      return ['Ingress', 'HTTPRoute'].map((kind) => find(objects, kind, 'jupyterhub').spec);
    };
    const backend = { service: { name: 'proxy-public', port: { name: 'https' } } };
    expect(without(true)).toMatchObject([
      { rules: [{ http: { paths: [{ backend }] } }] },
      { rules: [{ backendRefs: [{ name: 'proxy-public', port: 443 }] }] },
    ]);
    expect(without(false)).toMatchObject([
      { rules: [{ http: { paths: [{ backend: { service: { port: { name: 'http' } } } }] } }] },
      { rules: [{ backendRefs: [{ port: 80 }] }] },
    ]);
  });

  test('nodes pull each image of servers once, those of profiles and choices too', () => {
    const { settings } = release(({ servers, profiles, deployment }) => {
      servers.pod.image = 'user:1';
      const profile = { slug: 'a', displayName: 'A', isDefault: true, options: [] };
      profiles.push({ ...profile, override: { image: 'profile:1' } }, { ...profile, override: { image: 'user:1' } });
      deployment.prePuller.extraImages = { more: { name: 'extra', tag: '2' } };
    });
    expect(imagesOf(settings)).toEqual(['extra:2', 'profile:1', 'user:1']);
    settings.deployment.prePuller.pullProfileListImages = false;
    expect(imagesOf(settings)).toEqual(['extra:2', 'user:1']);
    settings.deployment.prePuller.hook.enabled = false;
    expect(hookPuller({ ...release(), settings })).toBeUndefined();
  });

  test('what would change is shown with its values, unless they may be secret', () => {
    const change = (path: string, before: unknown, after: unknown, kind = 'Deployment'): string =>
      shownChange(kind, { path, before, after });
    expect(change('spec.replicas', 2, 3)).toBe('spec.replicas: 2 -> 3');
    expect(change('spec.template.spec.containers[0].image', 'atoll:1', 'atoll:2')).toBe(
      'spec.template.spec.containers[0].image: atoll:1 -> atoll:2',
    );
    expect(change('metadata.labels.team', undefined, 'a')).toBe('metadata.labels.team: nothing -> a');
    expect(change('spec.template.spec.volumes[3]', undefined, { name: 'a' })).toBe('spec.template.spec.volumes[3]');
    for (const path of [
      'spec.template.spec.containers[0].env[2].value',
      'spec.template.spec.containers[0].args[1]',
      'spec.template.spec.containers[0].livenessProbe.httpGet.httpHeaders[0].value',
      'metadata.annotations["a/b"]',
    ])
      expect(change(path, 'a', secret)).toBe(path);
    expect(change('data["settings.json"]', 'a', secret, 'Secret')).toBe('data["settings.json"]');
    expect(change('type', 'a', 'b', 'Secret')).toBe('type');
  });
});
