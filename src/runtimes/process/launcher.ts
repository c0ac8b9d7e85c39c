import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AtollError } from '../../core/errors.ts';
import { forkableModule } from './forkable.ts';
import type { ForkServers } from './forkServers.ts';
import { readLogTail } from './logFile.ts';
import type { Placement } from './placement.ts';
import { type LaunchRequest, launchUnderSupervisor } from './supervisor.ts';
import type { WorkloadFolder, WorkloadProcess, WorkloadRecord } from './workloadFolder.ts';

/** What a {@link Launcher} works with. */
export interface LauncherOptions {
  /** The Python that the supervisors run in. */
  python: string;
  /** The folder of Atoll's Python programs. */
  programs: string;
  forkServers: ForkServers | undefined;
}

/** What is launched. */
export interface Launch {
  record: WorkloadRecord;
  folder: WorkloadFolder;
  placement: Placement;
  /** The folder it starts in. */
  directory: string;
  /** With an absolute program. */
  argv: readonly string[];
  environment: Readonly<Record<string, string>>;
}

/** Makes the processes of workloads: by a fork server when that is the same thing, otherwise under a supervisor. */
export class Launcher {
  readonly #options: LauncherOptions;

  constructor(options: LauncherOptions) {
    this.#options = options;
  }

  /**
   * Makes a workload's process. What cannot be told apart from a failure is given up for good before the next way is tried,
   * so that a workload never runs twice.
   * @throws AtollError ATOLL_LAUNCH_FAILED, ATOLL_FOLDER_UNREACHABLE
   */
  async launch(launch: Launch): Promise<WorkloadProcess> {
    const { record, placement, environment } = launch;
    const { python, programs, forkServers } = this.#options;
    const module = forkServers && forkableModule(record.command, environment, forkServers.environment);
    const forked =
      module && (await attempt(launch, (request) => forkServers.run(record.owner, placement, module, request)));
    const process =
      forked ??
      (await attempt(launch, (request) => launchUnderSupervisor(python, programs, placement.changeTo, request)));
    if (!process) throw await failureOf(launch);
    return process;
  }
}

async function attempt(
  { folder, placement, directory, argv, environment }: Launch,
  begin: (request: LaunchRequest) => Promise<boolean>,
): Promise<WorkloadProcess | undefined> {
  const process = folder.openAttempt(placement.changeTo);
  const paths = { log: folder.log, process, exit: folder.exitFile };
  const runs = await begin({ argv, environment, directory, ...paths });
  return (runs ? folder.readProcess(process) : undefined) ?? folder.giveUpAttempt(process);
}

async function failureOf({ folder, placement }: Launch): Promise<AtollError> {
  const closed = placement.changeTo && (await firstClosedFolder(folder.path));
  if (closed !== undefined)
    return new AtollError(
      'ATOLL_FOLDER_UNREACHABLE',
      `The account ${placement.changeTo?.name} cannot enter a folder that its workloads need.`,
      { evidence: `Others may not pass through ${closed}.` },
    );
  const [line] = await readLogTail(folder.log, 1);
  const evidence = line === undefined ? {} : { evidence: line };
  return new AtollError('ATOLL_LAUNCH_FAILED', 'The process could not be started.', evidence);
}

/** The first folder on the way to a path that other accounts may not pass through, or undefined. */
async function firstClosedFolder(path: string): Promise<string | undefined> {
  const parent = dirname(path);
  const closedAbove = parent === path ? undefined : await firstClosedFolder(parent);
  if (closedAbove !== undefined) return closedAbove;
  return ((await stat(path)).mode & 0o001) === 0 ? path : undefined;
}
