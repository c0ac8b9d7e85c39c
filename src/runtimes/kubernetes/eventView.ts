import type { Event } from 'kubernetes-types/core/v1.js';
import type { Reflected } from '../../kubernetes/reflector.ts';

/** What is kept of an event of Kubernetes. */
export interface EventView extends Reflected {
  /** The uid of the object that it is about. */
  about: string;
  /** The name of that object. */
  name: string;
  reason: string;
  message: string;
  /** When it happened last, milliseconds since the epoch. */
  at: number;
}

/** Events that say how far a pod or a volume claim is; all others are let go. */
const told: ReadonlySet<string> = new Set([
  'FailedScheduling',
  'TriggeredScaleUp',
  'NotTriggerScaleUp',
  'Nominated',
  'Scheduled',
  'Pulling',
  'Pulled',
  'Failed',
  'BackOff',
  'FailedMount',
  'FailedAttachVolume',
  'FailedCreatePodSandBox',
  'ProvisioningFailed',
  'Provisioning',
  'ExternalProvisioning',
  'WaitForFirstConsumer',
  'Preempted',
  'Evicted',
  'TaintManagerEviction',
  'Killing',
]);

/** What is kept of an event about a pod or a volume claim, or undefined when it says nothing about waiting or ending. */
export function eventView(event: Event): EventView | undefined {
  const { metadata, involvedObject, reason = '', message = '' } = event;
  if (involvedObject.kind !== 'Pod' && involvedObject.kind !== 'PersistentVolumeClaim') return undefined;
  if (!told.has(reason)) return undefined;
  const at = event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? metadata.creationTimestamp;
  return {
    key: metadata.name ?? '',
    version: metadata.resourceVersion ?? '',
    about: involvedObject.uid ?? '',
    name: involvedObject.name ?? '',
    reason,
    message: message.slice(0, 2000),
    at: Date.parse(at ?? ''),
  };
}
