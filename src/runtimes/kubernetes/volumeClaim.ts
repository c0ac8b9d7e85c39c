import type { PersistentVolumeClaim } from 'kubernetes-types/core/v1.js';
import { AtollError } from '../../core/errors.ts';
import type { ApiClient } from '../../kubernetes/apiClient.ts';
import { ApiError, isApiError } from '../../kubernetes/apiError.ts';
import { ownerAnnotation } from './labels.ts';
import type { PodInputs } from './podInputs.ts';
import { serverFields } from './serverPod.ts';
import { labelValue } from './slugs.ts';
import { fill, fillAll, nameTemplates, type SlugScheme, templateFields } from './templates.ts';

/**
 * The names that a server's volume claim may have, the one for a new claim first: then what other naming schemes of
 * KubeSpawner would have called it, so that the files of a hub that ran on it are found.
 */
export function volumeClaimNames(inputs: PodInputs): string[] {
  const settings = inputs.spec.pod ?? inputs.servers;
  const { subject, owner: username } = inputs.spec;
  const server = subject?.kind === 'server' ? subject : { name: '', userId: 0 };
  const identity = { username, userId: server.userId, servername: server.name, namespace: inputs.namespace };
  const schemes: SlugScheme[] = settings.slugScheme === 'safe' ? ['safe', 'escape'] : ['escape', 'safe'];
  const names = schemes.flatMap((scheme) => {
    const templates = [settings.storage.pvcNameTemplate, nameTemplates[scheme].claim];
    return templates.filter((one) => one !== undefined).map((one) => fill(one, templateFields(identity, scheme)));
  });
  return [...new Set(names)];
}

/**
 * The name of the volume claim with a server's home folder; the claim is made when there is none. A claim of somebody else
 * is never used, whatever its name: two names that people chose can lead to one (CVE-2020-15110).
 * @throws AtollError when the claim is somebody else's, or cannot be made.
 */
export async function ensureVolumeClaim(client: ApiClient, inputs: PodInputs): Promise<string> {
  const path = `/api/v1/namespaces/${inputs.namespace}/persistentvolumeclaims`;
  const names = volumeClaimNames(inputs);
  const found = await Promise.all(names.map((name) => find(client, `${path}/${name}`)));
  const own = names.find((_, index) => isOwnedBy(found[index], inputs.spec.owner));
  if (own !== undefined) return own;
  const [wanted = ''] = names;
  if (found[0])
    throw new AtollError('ATOLL_KUBERNETES_REFUSED', `The volume claim ${wanted} belongs to somebody else.`, {
      evidence: `Its annotation ${ownerAnnotation} is not "${inputs.spec.owner}".`,
      nextStep: 'Rename one of the two users, or set singleuser.storage.dynamic.pvcNameTemplate so that names differ.',
    });
  try {
    await client.request({ method: 'POST', path, body: volumeClaim(inputs, wanted) });
  } catch (error) {
    // Another start of the same person was first.
    if (!(error instanceof ApiError && error.status === 409)) throw error;
  }
  return wanted;
}

async function find(client: ApiClient, path: string): Promise<PersistentVolumeClaim | undefined> {
  try {
    return await client.request<PersistentVolumeClaim>({ path });
  } catch (error) {
    if (isApiError(error, 404)) return undefined;
    throw error;
  }
}

/** Claims of old versions of KubeSpawner have only a label, whose value was made from the name in one of several ways. */
function isOwnedBy(claim: PersistentVolumeClaim | undefined, owner: string): boolean {
  if (!claim) return false;
  const { metadata } = claim;
  const written = metadata?.annotations?.[ownerAnnotation];
  if (written !== undefined) return written === owner;
  const label = metadata?.labels?.['hub.jupyter.org/username'];
  const identity = { username: owner, userId: 0, servername: '', namespace: '' };
  return (
    label === undefined ||
    [
      labelValue(owner),
      templateFields(identity, 'safe').username,
      templateFields(identity, 'escape').username,
    ].includes(label)
  );
}

function volumeClaim(inputs: PodInputs, name: string): PersistentVolumeClaim {
  const { spec, namespace } = inputs;
  const fields = { ...serverFields(inputs), pvc_name: name };
  const storage = fillAll((spec.pod ?? inputs.servers).storage, fields);
  const server = spec.subject?.kind === 'server' ? spec.subject.name : '';
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name,
      namespace,
      labels: {
        ...storage.extraLabels,
        app: 'jupyterhub',
        component: 'singleuser-storage',
        'app.kubernetes.io/name': 'jupyterhub',
        'app.kubernetes.io/component': 'singleuser-server',
        'app.kubernetes.io/managed-by': 'atoll',
        'hub.jupyter.org/username': labelValue(spec.owner),
      },
      annotations: {
        ...storage.extraAnnotations,
        [ownerAnnotation]: spec.owner,
        ...(server !== '' && { 'hub.jupyter.org/servername': server }),
      },
    },
    spec: {
      accessModes: storage.accessModes,
      resources: { requests: { storage: storage.capacity } },
      ...(storage.storageClass !== undefined && { storageClassName: storage.storageClass }),
      ...(storage.selector && { selector: storage.selector }),
    },
  };
}
