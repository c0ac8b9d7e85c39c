import type { ClusterPodChoice, ServerPodSettings } from '../config/podSettings.ts';

/** Where workloads run. */
export type RuntimeName = 'process' | 'kubernetes' | 'slurm';

/** What a workload is for. */
export type WorkloadKind = 'server' | 'scheduler' | 'worker' | 'service';

/** A place for a workload, known before it starts, so that its command and environment can name it. */
export interface Reservation {
  /** The address the workload should listen on: `127.0.0.1` for a process, `0.0.0.0` for a pod. */
  bindAddress: string;
  /** A port for each name that was asked for. */
  ports: Record<string, number>;
  /** The absolute folder (as the workload sees it) in which the spec's files appear, readable by the workload only. */
  filesDirectory: string;
  /** The workload's home folder, as it sees it. */
  homeDirectory: string;
  /** True when the workload will run as the superuser (a Jupyter server then needs `--allow-root`). */
  superuser: boolean;
}

/** What {@link Runtime.reserve} needs to know. */
export interface ReservationRequest {
  /** The workload's id. */
  id: string;
  kind: WorkloadKind;
  /** The user it will run for. */
  owner: string;
  /** The account of the machine that it shall run as, whoever owns it (services only). Undefined: the runtime chooses. */
  account?: string;
  /** Names of the ports it listens on, such as `http` or `scheduler`. */
  ports: readonly string[];
}

/** What a workload may use. Undefined means: not limited, nothing set aside. */
export interface Resources {
  /** Bytes set aside. */
  memoryGuarantee?: number;
  /** Bytes at most. */
  memoryLimit?: number;
  /** Cores set aside, such as 0.5. */
  coreGuarantee?: number;
  /** Cores at most. */
  coreLimit?: number;
}

/** What a workload belongs to: for the names, labels and templates of pods. */
export type WorkloadSubject =
  /** `id` stays when a named server is renamed, and is never that of another one. */
  | { kind: 'server'; name: string; userId: number; id?: number }
  /** A scheduler or worker. */
  | { kind: 'cluster'; name: string };

/** Something to run. Plain data: a runtime may write it to disk. */
export interface WorkloadSpec {
  /** Unique for ever: a second start of the same server has another id. `[a-z0-9]` and `-`, 63 characters at most. */
  id: string;
  kind: WorkloadKind;
  owner: string;
  /** The account of the machine that it shall run as, as in {@link ReservationRequest}. */
  account?: string;
  /** What it belongs to; the rest of its name, so to say. Undefined: nothing that anybody would look for. */
  subject?: WorkloadSubject;
  /** What a server's pod gets, when that is not what the settings say for all: the choice of a profile. Pods only. */
  pod?: ServerPodSettings;
  /** The image of a scheduler or worker. Undefined: what the settings say. Pods only. */
  image?: string;
  /** What the pod of a scheduler or worker gets in place of what the settings say for all. Pods only. */
  clusterPod?: ClusterPodChoice;
  /** The absolute folder that it starts in. Undefined: its home. */
  directory?: string;
  /**
   * Program and arguments. The word `python` in first place means the Python of the environment in use; a command
   * `python -m module …` may be started by a fork server that has that module imported already.
   */
  command: readonly string[];
  /**
   * The whole environment beyond what the runtime itself gives (HOME, USER, PATH, LANG, …). `$(NAME)` stands for a variable
   * before it, `$$` for `$`, as in a pod.
   */
  environment: Readonly<Record<string, string>>;
  /** Files with secrets, by file name, put into {@link Reservation.filesDirectory} with mode 0600. */
  files: Readonly<Record<string, string>>;
  resources: Resources;
  /** What {@link Runtime.reserve} gave for this id. */
  reservation: Reservation;
}

/** How a workload ended. */
export interface WorkloadExit {
  /** Exit code, or null when a signal ended it or when it cannot be known any more. */
  code: number | null;
  /** Signal name such as `SIGKILL`, or null. */
  signal: string | null;
  /** Plain words, when the runtime knows more than code and signal: `ended by the memory limit (2.0 GiB)`. */
  reason?: string;
}

/** What a runtime sees of one workload. */
export interface Observation {
  id: string;
  kind: WorkloadKind;
  owner: string;
  /** `waiting`: accepted, not running yet (no machine, image being pulled). `running`. `exited`: it will not run again. */
  phase: 'waiting' | 'running' | 'exited';
  /** Why it waits, in plain words: a sentence, or a clause to go after "It waits: ". */
  waitingFor?: string;
  /** Where the hub and the edge reach its ports; undefined while unknown. */
  host?: string;
  ports: Record<string, number>;
  /** Milliseconds since the epoch. */
  startedAt?: number;
  /** The id of its main process, where workloads are processes of this machine. */
  pid?: number;
  exit?: WorkloadExit;
}

/** How a workload is ended. */
export interface StopOptions {
  /** Seconds between the polite signal (SIGTERM to the whole group) and SIGKILL. */
  graceSeconds: number;
}

/**
 * Where workloads run. One contract for every kind of place, and for servers, schedulers and workers alike; one contract
 * test suite that each passes. Calls are idempotent by id, so that a reconciler can repeat them after a crash.
 */
export interface Runtime {
  readonly name: RuntimeName;
  /** Finds again what an earlier hub started, and begins to observe. Called once, before anything else. */
  open(): Promise<void>;
  /** Stops observing. Workloads go on. */
  close(): Promise<void>;
  /** Chooses ports and folders for a workload that is about to be started. Binds nothing. */
  reserve(request: ReservationRequest): Promise<Reservation>;
  /**
   * Starts a workload. Resolves when it is accepted durably: from then on {@link list} has it, also after a crash of the
   * hub. A second call with the same id does nothing.
   * @throws AtollError when it cannot be accepted (no such program, no space).
   */
  start(spec: WorkloadSpec): Promise<void>;
  /** Asks a workload to end. Resolves when the request is under way; the observation `exited` follows. Unknown ids: nothing. */
  stop(id: string, options: StopOptions): Promise<void>;
  /** Everything the runtime has: workloads not exited, and exited ones not yet forgotten. */
  list(): Promise<Observation[]>;
  /** One workload, or undefined when the runtime does not have it (any more). */
  get(id: string): Promise<Observation | undefined>;
  /** Calls `listener` for each new observation, until the returned function is called. */
  observe(listener: (observation: Observation) => void): () => void;
  /** The last lines that a workload wrote, oldest first; `lines` at most, each cut at 2000 characters. Kept after exit. */
  logTail(id: string, lines: number): Promise<string[]>;
  /** Removes an exited workload's record, credentials and (kept until then) log. Unknown or running ids: nothing. */
  forget(id: string): Promise<void>;
  /**
   * Removes the files that servers kept for their owner beyond their end: those of one server, or (undefined) all, as when
   * the person is removed. Safe to repeat. Undefined: what is kept here (a home folder, say) is not the hub's to remove.
   */
  removeHome?(owner: string, serverName: string | undefined): Promise<void>;
}
