import type { PersistentVolumeClaim } from 'kubernetes-types/core/v1.js';
import { beforeEach, describe, expect, test } from 'vitest';
import { defaultClusterPods, type ServerPodSettings } from '../../../src/config/podSettings.ts';
import type { ApiRequest } from '../../../src/kubernetes/apiClient.ts';
import { ApiError } from '../../../src/kubernetes/apiError.ts';
import type { PodInputs } from '../../../src/runtimes/kubernetes/podInputs.ts';
import { ensureVolumeClaim, removeVolumeClaims } from '../../../src/runtimes/kubernetes/volumeClaim.ts';
import { fileWith } from '../../config/fileWith.ts';
import { settingsFrom } from '../../config/settingsFrom.ts';

/** The claims of a namespace, as an API server has them. */
class Claims {
  readonly byName = new Map<string, PersistentVolumeClaim>();

  async request<T>({ method = 'GET', path, query, body }: ApiRequest): Promise<T> {
    const name = path.split('/persistentvolumeclaims/')[1];
    if (method === 'POST') {
      const claim = body as PersistentVolumeClaim;
      this.byName.set(claim.metadata?.name ?? '', claim);
      return claim as T;
    }
    if (name === undefined) {
      const [label = '', value] = String(query?.labelSelector).split('=');
      return { items: [...this.byName.values()].filter(({ metadata }) => metadata?.labels?.[label] === value) } as T;
    }
    const found = this.byName.get(name);
    if (!found) throw new ApiError(404, 'NotFound', 'not found');
    if (method === 'DELETE') this.byName.delete(name);
    return found as T;
  }

  add(name: string, owner: { annotation?: string; label?: string }): void {
    const labels = {
      component: 'singleuser-storage',
      ...(owner.label !== undefined && { 'hub.jupyter.org/username': owner.label }),
    };
    const annotations = owner.annotation === undefined ? {} : { 'hub.jupyter.org/username': owner.annotation };
    this.byName.set(name, { metadata: { name, labels, annotations } });
  }

  get names(): string[] {
    return [...this.byName.keys()].sort();
  }
}

let claims: Claims;
beforeEach(() => {
  claims = new Claims();
});

async function podSettings(...texts: string[]): Promise<ServerPodSettings> {
  return (await settingsFrom('atoll: {runtime: {kind: kubernetes}}', ...texts)).servers.pod;
}

function inputs(servers: ServerPodSettings, owner: string, server: string, id?: number): PodInputs {
  const spec = { owner, subject: { kind: 'server', name: server, userId: 7, id } } as PodInputs['spec'];
  const placement = { matchNodePurpose: 'prefer' } as const;
  return {
    spec,
    servers,
    clusters: defaultClusterPods(),
    placement,
    namespace: 'hub',
    installationId: 'i',
    secretName: 's',
  };
}

async function claimFrom(...texts: string[]): Promise<PersistentVolumeClaim | undefined> {
  const name = await ensureVolumeClaim(claims, inputs(await podSettings(...texts), 'ada', ''));
  return claims.byName.get(name);
}

describe('a volume for each person', () => {
  test.each([
    ['singleuser.storage.capacity', '20Gi', { spec: { resources: { requests: { storage: '20Gi' } } } }],
    ['singleuser.storage.extraLabels', { tier: 'x' }, { metadata: { labels: { tier: 'x', app: 'jupyterhub' } } }],
    ['singleuser.storage.dynamic.storageClass', 'fast', { spec: { storageClassName: 'fast' } }],
    ['singleuser.storage.dynamic.pvcNameTemplate', 'home-{username}', { metadata: { name: 'home-ada' } }],
    ['singleuser.storage.dynamic.storageAccessModes', ['ReadWriteMany'], { spec: { accessModes: ['ReadWriteMany'] } }],
    ['hub.config.KubeSpawner.pvc_name_template', 'home-{userid}', { metadata: { name: 'home-7' } }],
    ['hub.config.KubeSpawner.storage_capacity', '5Gi', { spec: { resources: { requests: { storage: '5Gi' } } } }],
    ['hub.config.KubeSpawner.storage_class', 'fast', { spec: { storageClassName: 'fast' } }],
    ['hub.config.KubeSpawner.storage_access_modes', ['ReadWriteMany'], { spec: { accessModes: ['ReadWriteMany'] } }],
    ['hub.config.KubeSpawner.storage_extra_labels', { tier: 'x' }, { metadata: { labels: { tier: 'x' } } }],
    [
      'hub.config.KubeSpawner.storage_extra_annotations',
      { n: '{username}' },
      { metadata: { annotations: { n: 'ada' } } },
    ],
    [
      'hub.config.KubeSpawner.storage_selector',
      { matchLabels: { a: 'b' } },
      { spec: { selector: { matchLabels: { a: 'b' } } } },
    ],
  ])('%s: %j', async (key, value, expected) => {
    expect(await claimFrom(fileWith(`jupyterhub.${key}`, value))).toMatchObject(expected);
  });

  test('says whose it is, as KubeSpawner does', async () => {
    expect(await claimFrom()).toMatchObject({
      metadata: {
        name: 'claim-ada',
        labels: { component: 'singleuser-storage', 'hub.jupyter.org/username': 'ada' },
        annotations: { 'hub.jupyter.org/username': 'ada' },
      },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '10Gi' } } },
    });
  });

  test('one that is being removed is not given to a new start, which tries again', async () => {
    const annotations = { 'hub.jupyter.org/username': 'ada' };
    claims.byName.set('claim-ada', { metadata: { annotations, deletionTimestamp: '2026-05-01T12:00:00Z' } });
    await expect(ensureVolumeClaim(claims, inputs(await podSettings(), 'ada', ''))).rejects.toThrow(
      'still being removed',
    );
  });
});

describe('a named server that is renamed', () => {
  const claimOf = async (owner: string, server: string, id: number): Promise<string> =>
    ensureVolumeClaim(claims, inputs(await podSettings(), owner, server, id));

  test('finds its volume again, under the name that it had', async () => {
    expect(await claimOf('ada', 'gpu', 5)).toBe('claim-ada--gpu');
    expect(await claimOf('ada', 'tpu', 5)).toBe('claim-ada--gpu');
    expect(claims.names).toEqual(['claim-ada--gpu']);
    expect(await claimOf('ada', 'other', 6)).toBe('claim-ada--other');
    expect(await claimOf('ada', '', 7)).toBe('claim-ada');
  });

  test('never gets that of somebody else, or of another installation', async () => {
    await claimOf('ada', 'gpu', 5);
    expect(await claimOf('eve', 'tpu', 5)).toBe('claim-eve--tpu');
    const elsewhere = { ...inputs(await podSettings(), 'ada', 'tpu', 5), installationId: 'j' };
    expect(await ensureVolumeClaim(claims, elsewhere)).toBe('claim-ada--tpu');
  });

  test('gets a new one when that one is being removed', async () => {
    await claimOf('ada', 'gpu', 5);
    const claim = claims.byName.get('claim-ada--gpu');
    Object.assign(claim?.metadata ?? {}, { deletionTimestamp: '2026-05-01T12:00:00Z' });
    expect(await claimOf('ada', 'tpu', 5)).toBe('claim-ada--tpu');
  });
});

describe('volumes go with their person', () => {
  const remove = async (owner: string, serverName?: string, text = '{}'): Promise<string[]> => {
    await removeVolumeClaims(claims, { namespace: 'hub', servers: await podSettings(text), owner, serverName });
    return claims.names;
  };

  test('all of theirs, under whatever names, and nobody else’s', async () => {
    claims.add('claim-ada', { annotation: 'ada' });
    claims.add('claim-ada--lab', { annotation: 'ada' });
    claims.add('made-by-a-profile', { annotation: 'ada' });
    claims.add('claim-ada---99a563ab', { annotation: 'Ada' });
    claims.add('claim-grace', { annotation: 'grace' });
    expect(await remove('ada')).toEqual(['claim-ada---99a563ab', 'claim-grace']);
  });

  test('one that only has a label, which two people can share, goes when its name is theirs as well', async () => {
    claims.add('claim-ada', { label: 'ada' });
    claims.add('claim-somebody', { label: 'ada' });
    claims.add('claim-nobody', {});
    expect(await remove('ada')).toEqual(['claim-nobody', 'claim-somebody']);
  });

  test('with a named server its own, never the one that all servers of the person share', async () => {
    for (const name of ['claim-ada', 'claim-ada--lab', 'claim-ada--other']) claims.add(name, { annotation: 'ada' });
    expect(await remove('ada', 'lab')).toEqual(['claim-ada', 'claim-ada--other']);
    const shared = fileWith('jupyterhub.singleuser.storage.dynamic.pvcNameTemplate', 'claim-{username}');
    expect(await remove('ada', 'other', shared)).toEqual(['claim-ada']);
    claims.add('claim-ada--mine', { annotation: 'mallory' });
    expect(await remove('ada', 'mine')).toEqual(['claim-ada', 'claim-ada--mine']);
  });
});
