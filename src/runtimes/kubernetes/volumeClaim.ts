import type { PersistentVolumeClaim } from 'kubernetes-types/core/v1.js';
import type { ServerPodSettings } from '../../config/podSettings.ts';
import { AtollError } from '../../core/errors.ts';
import type { ApiClient } from '../../kubernetes/apiClient.ts';
import { ApiError, isApiError } from '../../kubernetes/apiError.ts';
import { ownerAnnotation, serverLabel } from './labels.ts';
import type { PodInputs } from './podInputs.ts';
import { serverFields } from './serverPod.ts';
import { labelValue } from './slugs.ts';
import { fill, fillAll, nameTemplates, type ServerIdentity, type SlugScheme, templateFields } from './templates.ts';

/**
 * The names that a server's volume claim may have, the one for a new claim first: then what other naming schemes of
 * KubeSpawner would have called it, so that the files of a hub that ran on it are found.
 */
function volumeClaimNames(settings: ServerPodSettings, identity: ServerIdentity): string[] {
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
export async function ensureVolumeClaim(client: Pick<ApiClient, 'request'>, inputs: PodInputs): Promise<string> {
  const { spec, servers, namespace } = inputs;
  const path = claimsPath(namespace);
  const server = spec.subject?.kind === 'server' ? spec.subject : { name: '', userId: 0 };
  const identity = { username: spec.owner, userId: server.userId, servername: server.name, namespace };
  const earlier = await claimOfServer(client, inputs);
  if (earlier !== undefined) return earlier;
  const names = volumeClaimNames(spec.pod ?? servers, identity);
  const found = await Promise.all(names.map((name) => find(client, `${path}/${name}`)));
  const own = names.find((_, index) => isOwnedBy(found[index], spec.owner));
  if (own !== undefined) {
    const isLeaving = found[names.indexOf(own)]?.metadata?.deletionTimestamp !== undefined;
    if (isLeaving) throw new Error(`the volume claim ${own} is still being removed`);
    return own;
  }
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

/** The claim that was made for this server under the name that it had then; undefined: none was, or it is being removed. */
async function claimOfServer(client: Pick<ApiClient, 'request'>, inputs: PodInputs): Promise<string | undefined> {
  const server = serverOf(inputs);
  if (server === undefined) return undefined;
  const { items } = await client.request<{ items: PersistentVolumeClaim[] }>({
    path: claimsPath(inputs.namespace),
    query: { labelSelector: `${serverLabel}=${server}` },
  });
  const claim = items.find((one) => isOwnedBy(one, inputs.spec.owner) && one.metadata?.deletionTimestamp === undefined);
  return claim?.metadata?.name;
}

/** A named server in the value of a label. The default server has one name for ever. */
function serverOf({ spec: { subject }, installationId }: PodInputs): string | undefined {
  if (subject?.kind !== 'server' || subject.name === '' || subject.id === undefined) return undefined;
  return labelValue(`${installationId}.${subject.id}`);
}

/** Whose volume claims are to go. */
export interface ClaimsToRemove {
  namespace: string;
  /** What the settings say about all servers. */
  servers: ServerPodSettings;
  owner: string;
  /** Undefined: all of the owner's. */
  serverName: string | undefined;
}

/**
 * Deletes the volume claims of a person, or of one of their named servers: never one that other servers of theirs use too,
 * and never one of somebody else. What becomes of the volumes is up to the storage class.
 */
export async function removeVolumeClaims(client: Pick<ApiClient, 'request'>, claims: ClaimsToRemove): Promise<void> {
  const { namespace, servers, owner, serverName } = claims;
  const path = claimsPath(namespace);
  const query = { labelSelector: 'component=singleuser-storage' };
  const { items } = await client.request<{ items: PersistentVolumeClaim[] }>({ path, query });
  const namesOf = (servername: string): string[] =>
    volumeClaimNames(servers, { username: owner, userId: 0, servername, namespace });
  const shared = serverName === undefined ? [] : namesOf('');
  const meant = serverName === undefined ? undefined : namesOf(serverName).filter((name) => !shared.includes(name));
  for (const claim of items) {
    const name = claim.metadata?.name ?? '';
    if (!isOwnedBy(claim, owner) || meant?.includes(name) === false) continue;
    // A label alone may be that of two people: then only the names that are theirs count.
    if (claim.metadata?.annotations?.[ownerAnnotation] === undefined && !namesOf(serverName ?? '').includes(name))
      continue;
    await client.request({ method: 'DELETE', path: `${path}/${name}` }).catch((error: unknown) => {
      if (!isApiError(error, 404)) throw error;
    });
  }
}

function claimsPath(namespace: string): string {
  return `/api/v1/namespaces/${namespace}/persistentvolumeclaims`;
}

async function find(client: Pick<ApiClient, 'request'>, path: string): Promise<PersistentVolumeClaim | undefined> {
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
  const lasting = serverOf(inputs);
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
        ...(lasting !== undefined && { [serverLabel]: lasting }),
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
