import type { WorkloadKind } from '../contract.ts';

/** Labels by which the pods of an Atoll are found again, whoever made them. */
export const installationLabel = 'atoll/installation';
export const workloadLabel = 'atoll/workload';
export const kindLabel = 'atoll/kind';
/** Of volume claims: the server that they were made for, whatever it is called by now. */
export const serverLabel = 'atoll/server';

/** Annotations of pods: what labels cannot hold. */
export const ownerAnnotation = 'hub.jupyter.org/username';
export const portsAnnotation = 'atoll/ports';
export const secretAnnotation = 'atoll/secret';

/** The labels of everything that belongs to one workload. */
export function workloadLabels(installationId: string, id: string, kind: WorkloadKind): Record<string, string> {
  return { [installationLabel]: installationId, [workloadLabel]: id, [kindLabel]: kind };
}
