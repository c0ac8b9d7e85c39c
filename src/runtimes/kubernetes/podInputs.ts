import type { Pod } from 'kubernetes-types/core/v1.js';
import type { PlacementSettings } from '../../config/deploymentSettings.ts';
import type { ClusterPodSettings, ServerPodSettings } from '../../config/podSettings.ts';
import type { WorkloadSpec } from '../contract.ts';

/** What pods are made from, beside the workload. */
export interface PodInputs {
  spec: WorkloadSpec;
  namespace: string;
  installationId: string;
  servers: ServerPodSettings;
  clusters: ClusterPodSettings;
  placement: PlacementSettings;
  priorities?: PodPriorities;
  /** Name of the Secret that is made for this workload, should it need one. */
  secretName: string;
}

/** Priority classes that whoever deployed the hub has made. */
export type PodPriorities = Record<'server' | 'scheduler' | 'worker', string>;

/** A pod, and what its Secret holds (nothing: it needs none), in base64. */
export interface PodManifest {
  pod: Pod;
  secret: Record<string, string>;
}

/** The ports that a scheduler and a server have in every pod: each pod has an address of its own. */
export const podPorts: Readonly<Record<string, number>> = { http: 8888, scheduler: 8786, dashboard: 8787, api: 8788 };

/** Where the spec's files appear in a pod. */
export const filesDirectory = '/var/run/atoll';

/** The image when the settings name none: what the daskhub chart uses. */
export const defaultImage = 'pangeo/base-notebook:2025.11.13';

/** Kubernetes fills in `$(NAME)` in arguments; a doubled `$` stays one, whatever follows it. */
export function literalArguments(command: readonly string[]): string[] {
  return command.map((argument) => argument.replaceAll('$', '$$$$'));
}
