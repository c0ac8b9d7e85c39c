import type { Event, Pod } from 'kubernetes-types/core/v1.js';
import { readHistory } from '../history.ts';
import { releaseLabel } from '../release.ts';
import { healthOf } from '../waitForRelease.ts';
import { type Examination, type Finding, itemsOf } from './finding.ts';

/** Ends longer ago are history. */
const recentMs = 3600 * 1000;

/** Hub and edges: whether they run, what they wait for, whether they end again and again, and how the last deployment went. */
export const examineParts: Examination = async (examined) => {
  const { client, namespace, name, now } = examined;
  const { progress, troubles } = await healthOf(client, namespace, name);
  const pods = await itemsOf<Pod>(client, `/api/v1/namespaces/${namespace}/pods`, `${releaseLabel}=${name}`);
  const events = progress.length > 0 ? await itemsOf<Event>(client, `/api/v1/namespaces/${namespace}/events`) : [];
  const last = (await readHistory(client, namespace, name)).at(-1);
  return [
    ...progress.map((line): Finding => ({ text: `${line}.` })),
    ...refusedPods(events),
    ...troubles.map(({ name: pod, reason, lines }): Finding => ({ text: `${pod}: ${reason}.`, evidence: lines })),
    ...pods.flatMap((pod) => endedLately(pod, now)),
    ...(last && !last.healthy
      ? [
          {
            text: `Revision ${last.number} has not become healthy.`,
            nextStep: `Back to the one before: atoll rollback --name ${name}`,
          },
        ]
      : []),
  ];
};

/** Why pods are not even made: a quota, an admission rule. One for each message. */
function refusedPods(events: readonly Event[]): Finding[] {
  const refused = events.filter(
    ({ reason, involvedObject: { kind } }) =>
      reason === 'FailedCreate' && ['ReplicaSet', 'StatefulSet', 'DaemonSet'].includes(kind ?? ''),
  );
  const messages = new Map(refused.map(({ involvedObject, message }) => [involvedObject.name ?? '', message ?? '']));
  return [...messages].map(([owner, message]) => ({
    text: `Kubernetes makes no pods of ${owner}.`,
    evidence: [message],
    nextStep: /quota/.test(message) ? 'Have the quota of the namespace raised, or ask for less in `resources`.' : '',
  }));
}

function endedLately({ metadata, status }: Pod, now: number): Finding[] {
  return (status?.containerStatuses ?? []).flatMap(({ name, restartCount, lastState, state }): Finding[] => {
    const ended = lastState?.terminated;
    if (!ended || !state?.running || now - Date.parse(ended.finishedAt ?? '') > recentMs) return [];
    const times = restartCount === 1 ? 'once' : `${restartCount} times`;
    return [
      {
        text: `${name} in ${metadata?.name} has ended ${times}, the last time at ${ended.finishedAt}: ${whyEnded(ended)}.`,
        nextStep:
          ended.reason === 'OOMKilled'
            ? 'Give it more memory in its `resources`.'
            : `Its last words: kubectl -n ${metadata?.namespace} logs --previous ${metadata?.name}`,
      },
    ];
  });
}

function whyEnded({ reason, exitCode }: { reason?: string; exitCode: number }): string {
  return reason === 'OOMKilled' ? 'it used more memory than its limit' : `exit code ${exitCode}`;
}
