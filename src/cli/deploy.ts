import type { PlannedChange } from '../deploy/applyRelease.ts';
import { type DeployRequest, deployRelease, planRelease, rollBackRelease } from '../deploy/deployRelease.ts';
import { nameOf } from '../deploy/resources.ts';
import { ApiClient } from '../kubernetes/apiClient.ts';
import { kubeconfigAccess } from '../kubernetes/kubeconfigAccess.ts';
import { readSettings } from './settings/readSettings.ts';

/** What all commands take that work on a cluster. */
export interface ClusterOptions {
  name: string;
  /** Default: the name. */
  namespace?: string;
  context?: string;
}

/** The options of `atoll deploy`. */
export interface DeployOptions extends ClusterOptions {
  file: string[];
  image?: string;
  dryRun: boolean;
  forceConflicts: boolean;
  timeout: number;
}

/** `atoll deploy`: installs or upgrades a release on Kubernetes, and waits until it is healthy. */
export async function deploy(options: DeployOptions): Promise<void> {
  const { settings, inputs, notes } = await readSettings(options.file, undefined, { runtime: 'kubernetes' });
  for (const note of notes) console.error(note);
  await withCluster(options, async (client, namespace) => {
    const request: DeployRequest = {
      client,
      namespace,
      name: options.name,
      settings,
      inputs,
      image: options.image,
      forceConflicts: options.forceConflicts,
      patienceMs: options.timeout * 1000,
      onProgress: (line) => console.error(line),
    };
    if (options.dryRun) {
      for (const line of planLines(await planRelease(request))) console.log(line);
      return;
    }
    const { revision, address } = await deployRelease(request);
    console.log(`Ready: ${options.name}, revision ${revision}.`);
    console.log(
      address ?? `No address yet. Meanwhile: kubectl -n ${namespace} port-forward service/proxy-public 8000:80`,
    );
  });
}

/** The options of `atoll rollback`. */
export interface RollbackOptions extends ClusterOptions {
  to?: number;
  timeout: number;
}

/** `atoll rollback`: brings back the settings and the version before the present ones. */
export async function rollback(options: RollbackOptions): Promise<void> {
  await withCluster(options, async (client, namespace) => {
    const { revision } = await rollBackRelease(
      {
        client,
        namespace,
        name: options.name,
        forceConflicts: false,
        patienceMs: options.timeout * 1000,
        onProgress: (line) => console.error(line),
      },
      options.to,
    );
    console.log(`Ready: ${options.name}, revision ${revision}.`);
  });
}

/** Runs a command with a client of the cluster that the kubeconfig names. */
export async function withCluster(
  { name, namespace = name, context }: ClusterOptions,
  work: (client: ApiClient, namespace: string) => Promise<void>,
): Promise<void> {
  const client = new ApiClient(kubeconfigAccess({ context }));
  try {
    await work(client, namespace);
  } catch (error) {
    const { toldApiErrorOf } = await import('./toldApiError.ts');
    throw toldApiErrorOf(error);
  } finally {
    await client.close();
  }
}

/** The fields shown of one object. */
const mostFields = 12;

function planLines(changes: readonly PlannedChange[]): string[] {
  const signs = { create: '+', update: '~', delete: '-', unchanged: ' ' } as const;
  const lines = changes
    .filter(({ action }) => action !== 'unchanged')
    .flatMap(({ action, object, fields }) => [
      `${signs[action]} ${nameOf(object)}`,
      ...fields.slice(0, mostFields).map((field) => `    ${field}`),
      ...(fields.length > mostFields ? [`    and ${fields.length - mostFields} more`] : []),
    ]);
  return lines.length > 0 ? lines : ['Nothing would change.'];
}
