import { constants } from 'node:os';
import { formatBytes } from '../../core/quantities.ts';
import type { WorkloadExit } from '../contract.ts';
import type { PodState } from './podView.ts';

/** What is known of an end beside the pod. */
export interface ExitCircumstances {
  /** Seconds that it was given when the hub asked it to end; undefined: the hub did not. */
  graceSeconds: number | undefined;
  /** Whether its pod is gone. */
  gone: boolean;
}

/** How a workload ended, or undefined while it has not. */
export function exitOf(pod: PodState, circumstances: ExitCircumstances): WorkloadExit | undefined {
  const finished = pod.phase === 'Succeeded' || pod.phase === 'Failed';
  if (!finished && !circumstances.gone) return undefined;
  const reason = reasonOf(pod, circumstances);
  return { ...statusOf(pod), ...(reason !== undefined && { reason }) };
}

/**
 * Kubernetes tells one number: an exit code, or 128 and the signal's number. A program that exits with such a code itself
 * cannot be told apart.
 */
function statusOf({ main }: PodState): Pick<WorkloadExit, 'code' | 'signal'> {
  const code = main?.ended?.exitCode;
  if (code === undefined) return { code: null, signal: null };
  const signal = Object.entries(constants.signals).find(([, number]) => code === 128 + number)?.[0];
  return signal === undefined ? { code, signal: null } : { code: null, signal };
}

function reasonOf(pod: PodState, { graceSeconds, gone }: ExitCircumstances): string | undefined {
  const { memoryLimit } = pod;
  const { ended } = pod.main ?? {};
  if (ended?.reason === 'OOMKilled')
    return `It used more memory than its limit${memoryLimit === undefined ? '' : ` of ${formatBytes(memoryLimit)}`}, and was ended.`;
  if (ended?.reason === 'StartError' || ended?.reason === 'ContainerCannotRun') return startError(ended.message);
  const killed = ended?.exitCode === 137;
  if (graceSeconds !== undefined) {
    if (!killed) return undefined;
    const late = `It did not end within ${graceSeconds} s of being asked to, and was killed.`;
    return graceSeconds > 0 ? late : 'It was killed.';
  }
  const taken = takenAway(pod);
  if (taken !== undefined) return taken;
  const before = pod.before.find((one) => one.ended !== undefined && one.ended.exitCode !== 0);
  if (before)
    return `Its container ${before.name}, which runs first, ended with exit code ${before.ended?.exitCode}.${before.ended?.message ? ` It said: ${before.ended.message.trim()}` : ''}`;
  const started = ended !== undefined || pod.main?.runningSince !== undefined;
  if (!started && gone) return 'Its pod was deleted before it had started.';
  return gone ? 'Its pod was deleted.' : undefined;
}

/** Why Kubernetes took the pod away, when it did. */
function takenAway({ reason, message, disruption, node }: PodState): string | undefined {
  const where = node === undefined ? 'Its node' : `Its node ${node}`;
  if (disruption?.reason === 'PreemptionByScheduler') return 'It had to make room for something more important.';
  if (disruption?.reason === 'DeletionByTaintManager') return `${where} became unusable.`;
  if (disruption?.reason === 'DeletionByPodGC') return `${where} is gone.`;
  if (disruption?.reason === 'EvictionByEvictionAPI') return `${where} was emptied, to be taken away or repaired.`;
  if (reason === 'Evicted' || disruption?.reason === 'TerminationByKubelet')
    return `${where} ran short of ${shortOf(message ?? disruption?.message ?? '')} and ended it.`;
  if (reason === 'NodeLost') return `${where} is lost.`;
  if (reason === 'NodeShutdown' || reason === 'Terminated') return `${where} was shut down.`;
  if (reason === 'UnexpectedAdmissionError' || reason?.startsWith('OutOf') || reason === 'NodeAffinity')
    return `${where} did not take it: ${message ?? reason}`;
  if (reason === 'DeadlineExceeded') return 'It ran for as long as its pod may (activeDeadlineSeconds).';
  return undefined;
}

function shortOf(message: string): string {
  if (/memory/.test(message)) return 'memory';
  if (/storage|nodefs|imagefs|disk/i.test(message)) return 'disk space';
  return /pids?/i.test(message) ? 'processes' : 'something';
}

/** What the container runtime says when there is no such program in the image. */
function startError(message = ''): string {
  const missing = /exec: \\?"([^"\\]+)\\?":[^:]*(?:not found|no such file)/i.exec(message)?.[1];
  if (missing !== undefined) return `The program ${missing} cannot be started: there is none in its image.`;
  return `Its container could not be started: ${message.split(': ').slice(-2).join(': ').slice(0, 300)}`;
}
