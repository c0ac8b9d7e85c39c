import { z } from 'zod';
import type { ClusterPodChoice } from '../config/podSettings.ts';
import { AtollError } from '../core/errors.ts';

const texts = z.record(z.string(), z.string());
const object = z.record(z.string(), z.unknown());

/** What the pods of one cluster get in place of what the settings say for all. */
const choiceSchema = z.object({
  labels: texts.exactOptional(),
  annotations: texts.exactOptional(),
  extraPodConfig: object.exactOptional(),
  extraContainerConfig: object.exactOptional(),
  imagePullPolicy: z.enum(['IfNotPresent', 'Always', 'Never']).exactOptional(),
  imagePullSecrets: z.array(z.string()).exactOptional(),
});

/** The same of schedulers and workers, as it is kept with the cluster. */
export const clusterPodsSchema = z.object({ scheduler: choiceSchema, worker: choiceSchema });

export type ClusterPods = z.infer<typeof clusterPodsSchema>;

/** A secret's name, or (as Kubernetes spells it) an object with its name. */
const secretName = z.union([z.string(), z.object({ name: z.string() }).transform(({ name }) => name)]);

/** dask-gateway's names (`KubeClusterConfig`), after `scheduler_` or `worker_`. */
const ofOneKind = {
  extra_pod_labels: { field: 'labels', type: texts, expected: 'a mapping of texts' },
  extra_pod_annotations: { field: 'annotations', type: texts, expected: 'a mapping of texts' },
  extra_pod_config: { field: 'extraPodConfig', type: object, expected: 'a mapping' },
  extra_container_config: { field: 'extraContainerConfig', type: object, expected: 'a mapping' },
} as const;

/** The same, for both kinds. */
const ofBothKinds = {
  image_pull_policy: {
    field: 'imagePullPolicy',
    type: choiceSchema.shape.imagePullPolicy,
    expected: 'IfNotPresent, Always or Never',
  },
  image_pull_secrets: { field: 'imagePullSecrets', type: z.array(secretName), expected: 'a list of names of secrets' },
} as const;

/**
 * What a handler of options says about the pods of a cluster, or nothing when it says nothing.
 * As in dask-gateway, each value stands in the place of that of the settings.
 * @throws AtollError `ATOLL_CLUSTER_OPTIONS_INVALID`
 */
export function clusterPodsOf(overrides: Readonly<Record<string, unknown>>): { pods?: ClusterPods } {
  const both = readAll(overrides, '', ofBothKinds);
  const pods = {
    scheduler: { ...both, ...readAll(overrides, 'scheduler_', ofOneKind) },
    worker: { ...both, ...readAll(overrides, 'worker_', ofOneKind) },
  };
  return Object.keys({ ...pods.scheduler, ...pods.worker }).length > 0 ? { pods } : {};
}

function readAll(
  overrides: Readonly<Record<string, unknown>>,
  prefix: string,
  rows: Readonly<Record<string, { field: keyof ClusterPodChoice; type: z.ZodType; expected: string }>>,
): ClusterPodChoice {
  const entries = Object.entries(rows).flatMap(([suffix, { field, type, expected }]) => {
    const name = `${prefix}${suffix}`;
    const value = Object.hasOwn(overrides, name) ? overrides[name] : undefined;
    // A handler's `None` stands for the setting.
    if (value === undefined || value === null) return [];
    const result = type.safeParse(value);
    if (result.success) return [[field, result.data] as const];
    const shown = JSON.stringify(value).slice(0, 100);
    throw new AtollError('ATOLL_CLUSTER_OPTIONS_INVALID', `${name} must be ${expected}, got ${shown}`);
  });
  return Object.fromEntries(entries);
}
