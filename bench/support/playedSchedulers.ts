import type { Reservation } from '../../src/runtimes/contract.ts';
import type { FakeWorkload } from '../../test/support/fakeRuntime.ts';
import { FakeScheduler, type Report } from '../../test/support/fakeScheduler.ts';

/** What a hub in another thread or process tells of a workload that it has started. */
export interface StartedWorkload {
  id: string;
  kind: string;
  clusterName: string;
  token: string;
  reservation: Reservation;
  command: readonly string[];
}

/** What is told of a workload. */
export function startedWorkload({ spec }: FakeWorkload): StartedWorkload {
  const { id, kind, environment, files, reservation, command } = spec;
  const clusterName = environment.DASK_GATEWAY_CLUSTER_NAME ?? '';
  return { id, kind, clusterName, token: files['api-token'] ?? '', reservation, command };
}

/** The schedulers of clusters, and what they hear of their workers. */
export class PlayedSchedulers {
  /** By the port of their schedulers. */
  readonly byPort = new Map<number, FakeScheduler>();
  readonly #heartbeat: (clusterName: string, report: Report, token: string) => Promise<void>;
  readonly #workersEach: () => number;

  /**
   * @param heartbeat sends one
   * @param workersEach how many workers a scheduler waits for before it reports them
   */
  constructor(
    heartbeat: (clusterName: string, report: Report, token: string) => Promise<void>,
    workersEach: () => number,
  ) {
    this.#heartbeat = heartbeat;
    this.#workersEach = workersEach;
  }

  /** Whether there are so many, each with all its workers. */
  areComplete(count: number, workersEach: number): boolean {
    return this.byPort.size === count && [...this.byPort.values()].every(({ active }) => active.size === workersEach);
  }

  /** Plays what was started. */
  async play({ id, kind, clusterName, token, reservation, command }: StartedWorkload): Promise<void> {
    if (kind === 'scheduler') {
      const spec = {
        reservation,
        files: { 'api-token': token },
        environment: { DASK_GATEWAY_CLUSTER_NAME: clusterName },
      };
      const scheduler = new FakeScheduler({ spec } as unknown as FakeWorkload, {
        heartbeat: (name, report) => this.#heartbeat(name, report, token),
        endWorker: () => undefined,
      });
      this.byPort.set(reservation.ports.scheduler ?? 0, scheduler);
      await scheduler.listen();
      return;
    }
    const scheduler = this.byPort.get(Number(/:(\d+)$/.exec(command[3] ?? '')?.[1]));
    scheduler?.connect(id);
    // As the real one does, three seconds after a worker came in: once for all of them.
    if (scheduler?.active.size === this.#workersEach()) scheduler.report();
  }
}
