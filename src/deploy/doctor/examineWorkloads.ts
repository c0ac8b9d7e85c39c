import type { Pod } from 'kubernetes-types/core/v1.js';
import { installationLabel, ownerAnnotation } from '../../runtimes/kubernetes/labels.ts';
import { troubleOf } from '../waitForRelease.ts';
import { type Examination, type Finding, itemsOf } from './finding.ts';

/** Servers and clusters: what people wait for, and pods that no hub looks after. */
export const examineWorkloads: Examination = async ({ client, namespace }) => {
  const pods = await itemsOf<Pod>(client, `/api/v1/namespaces/${namespace}/pods`, installationLabel);
  const waiting = await Promise.all(
    pods
      .filter(({ status }) => status?.phase === 'Pending')
      .map(async (pod): Promise<Finding[]> => {
        const trouble = await troubleOf(client, namespace, pod);
        const owner = pod.metadata?.annotations?.[ownerAnnotation] ?? 'somebody';
        return trouble ? [{ text: `${trouble.name} of ${owner}: ${trouble.reason}.` }] : [];
      }),
  );
  return [...waiting.flat(), ...orphans(pods)];
};

/** A hub whose data was lost is another one than before: it does not know the pods that it had. */
function orphans(pods: readonly Pod[]): Finding[] {
  const byInstallation = Map.groupBy(pods, ({ metadata }) => metadata?.labels?.[installationLabel] ?? '');
  const newest = pods.toSorted((a, b) => madeAt(b) - madeAt(a))[0]?.metadata?.labels?.[installationLabel];
  return [...byInstallation]
    .filter(([id]) => id !== newest)
    .map(([id, its]) => ({
      text: `${its.length === 1 ? 'One pod belongs' : `${its.length} pods belong`} to an earlier hub, whose data is gone: nobody ends ${its.length === 1 ? 'it' : 'them'}.`,
      evidence: its.slice(0, 10).map(({ metadata }) => metadata?.name ?? ''),
      nextStep: `When nobody needs them: kubectl -n ${its[0]?.metadata?.namespace} delete pods -l ${installationLabel}=${id}`,
    }));
}

function madeAt({ metadata }: Pod): number {
  return Date.parse(metadata?.creationTimestamp ?? '');
}
