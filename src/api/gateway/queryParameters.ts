import { type ClusterPhase, clusterPhases } from '../../clusters/cluster.ts';
import { pythonRepr } from '../../clusters/pythonJson.ts';
import { AtollError } from '../../core/errors.ts';

/** Which clusters a list shows when nobody says. */
const activePhases: readonly ClusterPhase[] = ['pending', 'running'];

/**
 * `status=RUNNING,pending` as phases; absent: the active ones.
 * @throws AtollError `ATOLL_CLUSTER_STATUS_UNKNOWN`
 */
export function phasesFrom(status: string | undefined): readonly ClusterPhase[] {
  if (status === undefined) return activePhases;
  return status.split(',').map((name) => {
    const phase = clusterPhases.find((known) => known === name.toLowerCase());
    if (phase === undefined)
      throw new AtollError('ATOLL_CLUSTER_STATUS_UNKNOWN', `${pythonRepr(name)} is not a valid ClusterStatus`);
    return phase;
  });
}

/** `?wait`, `?wait=` and `?wait=1` ask to wait; absent, 0 and anything that is no whole number do not. */
export function waitFrom(wait: string | undefined): boolean {
  if (wait === undefined) return false;
  return wait === '' || (/^\s*[+-]?\d+\s*$/.test(wait) && Number(wait) !== 0);
}
