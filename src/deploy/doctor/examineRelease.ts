import { isApiError } from '../../kubernetes/apiError.ts';
import { examineNames, examineNodes, examineVersion } from './examineCluster.ts';
import { examineCertificates, examineQuotas, examineVolumes } from './examineNamespace.ts';
import { examineParts } from './examineParts.ts';
import { examineRights } from './examineRights.ts';
import { examineWorkloads } from './examineWorkloads.ts';
import type { Examination, Examined, Finding } from './finding.ts';

/** What was found, and what could not be looked at. */
export interface Diagnosis {
  findings: Finding[];
  /** Things that this account may not look at, such as `nodes`. */
  unseen: string[];
}

/** What is looked at, in the order in which it is told: what stops everything first. */
const examinations: readonly [what: string, examination: Examination][] = [
  ['the version of the cluster', examineVersion],
  ['nodes', examineNodes],
  ['the name server', examineNames],
  ['hub and edges', examineParts],
  ["the rights of the hub's account", examineRights],
  ['volumes', examineVolumes],
  ['quotas', examineQuotas],
  ['certificates', examineCertificates],
  ['servers and clusters', examineWorkloads],
];

/** Looks at all of a release, and at what it rests on. */
export async function examineRelease(examined: Examined): Promise<Diagnosis> {
  const diagnosis: Diagnosis = { findings: [], unseen: [] };
  const results = await Promise.all(
    examinations.map(async ([what, examination]) => {
      try {
        return await examination(examined);
      } catch (error) {
        if (isForbidden(error)) return what;
        throw error;
      }
    }),
  );
  for (const result of results) {
    if (typeof result === 'string') diagnosis.unseen.push(result);
    else diagnosis.findings.push(...result);
  }
  return diagnosis;
}

function isForbidden(error: unknown): boolean {
  return (
    isApiError(error, 403) || (error instanceof Error && 'code' in error && error.code === 'ATOLL_KUBERNETES_FORBIDDEN')
  );
}
