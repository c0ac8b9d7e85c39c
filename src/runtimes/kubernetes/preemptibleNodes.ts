import type { NodeSelectorRequirement, PreferredSchedulingTerm, Toleration } from 'kubernetes-types/core/v1.js';

/** How clouds mark nodes that they can take away at any time: by a label, and most of them by the same taint. */
const marks: readonly { key: string; value: string; isTaint: boolean }[] = [
  { key: 'kubernetes.azure.com/scalesetpriority', value: 'spot', isTaint: true },
  { key: 'cloud.google.com/gke-spot', value: 'true', isTaint: true },
  { key: 'cloud.google.com/gke-preemptible', value: 'true', isTaint: true },
  { key: 'eks.amazonaws.com/capacityType', value: 'SPOT', isTaint: false },
  { key: 'karpenter.sh/capacity-type', value: 'spot', isTaint: false },
];

/** Lets a pod onto nodes that can be taken away. */
export const preemptibleTolerations: readonly Toleration[] = marks
  .filter(({ isTaint }) => isTaint)
  .map(({ key, value }) => ({ key, operator: 'Equal', value, effect: 'NoSchedule' }));

/** Such nodes first, whichever cloud they are of. */
export const preferPreemptible: readonly PreferredSchedulingTerm[] = marks.map(({ key, value }) => ({
  weight: 50,
  preference: { matchExpressions: [{ key, operator: 'In', values: [value] }] },
}));

/** Such nodes last. A node without the label is none of them. */
export const avoidPreemptible: PreferredSchedulingTerm = {
  weight: 100,
  preference: {
    matchExpressions: marks.map(
      ({ key, value }): NodeSelectorRequirement => ({ key, operator: 'NotIn', values: [value] }),
    ),
  },
};
