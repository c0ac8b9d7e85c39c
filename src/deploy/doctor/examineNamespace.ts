import { X509Certificate } from 'node:crypto';
import type { Event, PersistentVolumeClaim, ResourceQuota, Secret } from 'kubernetes-types/core/v1.js';
import type { Ingress } from 'kubernetes-types/networking/v1.js';
import { kubernetesAmount } from '../../core/quantities.ts';
import { readObject } from '../applyRelease.ts';
import { releaseLabel } from '../release.ts';
import { type Examination, type Finding, itemsOf } from './finding.ts';

const dayMs = 24 * 3600 * 1000;
/** Certificates are renewed a month before they end: what has less is not going to be. */
const soonDays = 14;

/** Volume claims that have no volume. One that waits for a pod to use it is as it should be. */
export const examineVolumes: Examination = async ({ client, namespace }) => {
  const path = `/api/v1/namespaces/${namespace}`;
  const claims = await itemsOf<PersistentVolumeClaim>(client, `${path}/persistentvolumeclaims`);
  const without = claims.filter(({ status }) => status?.phase === 'Pending' || status?.phase === 'Lost');
  if (without.length === 0) return [];
  const events = await itemsOf<Event>(client, `${path}/events`);
  return without.flatMap(({ metadata, spec, status }): Finding[] => {
    const name = metadata?.name ?? '';
    const said = events.filter(({ involvedObject }) => involvedObject.uid === metadata?.uid);
    if (status?.phase === 'Lost')
      return [{ text: `The volume of ${name} is lost.`, nextStep: 'Bring it back from a copy.' }];
    // None at all: it has just been made.
    if (said.every(({ reason }) => reason === 'WaitForFirstConsumer')) return [];
    const evidence = [...new Set(said.map(({ message }) => message ?? ''))].slice(-3);
    return [
      {
        text: `The volume of ${name} has not been made${spec?.storageClassName ? ` (storage class ${spec.storageClassName})` : ''}.`,
        evidence,
        nextStep: 'Name a storage class that the cluster has: kubectl get storageclasses',
      },
    ];
  });
};

/** Quotas of the namespace that are used up. */
export const examineQuotas: Examination = async ({ client, namespace }) => {
  const quotas = await itemsOf<ResourceQuota>(client, `/api/v1/namespaces/${namespace}/resourcequotas`);
  return quotas.flatMap(({ metadata, status }) => {
    const full = Object.entries(status?.hard ?? {}).filter(
      ([what, most]) => kubernetesAmount(status?.used?.[what] ?? '0') >= kubernetesAmount(most),
    );
    if (full.length === 0) return [];
    return [
      {
        text: `The quota ${metadata?.name} of the namespace is used up: nothing more of that can start.`,
        evidence: full.map(([what, most]) => `${what}: ${status?.used?.[what]} of ${most}`),
        nextStep: 'Stop servers or clusters, or have the quota raised.',
      },
    ];
  });
};

/** Certificates of the release's ingresses: whether they are there, and for how long. */
export const examineCertificates: Examination = async ({ client, namespace, name, now }) => {
  const path = `/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses`;
  const ingresses = await itemsOf<Ingress>(client, path, `${releaseLabel}=${name}`);
  const names = new Set(
    ingresses.flatMap(({ spec }) => (spec?.tls ?? []).flatMap(({ secretName }) => secretName ?? [])),
  );
  const findings = await Promise.all(
    [...names].map(async (secretName): Promise<Finding[]> => {
      const secret = await readObject<Secret>(client, `/api/v1/namespaces/${namespace}/secrets/${secretName}`);
      return certificateFindings(secretName, secret?.data?.['tls.crt'], now);
    }),
  );
  return findings.flat();
};

function certificateFindings(name: string, encoded: string | undefined, now: number): Finding[] {
  const nextStep = `Renew it in the Secret ${name}; where cert-manager does that: kubectl describe certificates`;
  if (encoded === undefined) return [{ text: `There is no certificate in the Secret ${name}.`, nextStep }];
  let end: number;
  try {
    end = Date.parse(new X509Certificate(Buffer.from(encoded, 'base64')).validTo);
  } catch {
    return [{ text: `What is in the Secret ${name} is no certificate.`, nextStep }];
  }
  const days = Math.floor((end - now) / dayMs);
  const date = new Date(end).toISOString().slice(0, 10);
  if (days < 0) return [{ text: `The certificate in ${name} has ended on ${date}: browsers refuse it.`, nextStep }];
  if (days < soonDays) return [{ text: `The certificate in ${name} ends in ${days} days, on ${date}.`, nextStep }];
  return [];
}
