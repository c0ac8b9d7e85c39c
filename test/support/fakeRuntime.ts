import { createServer, type RequestListener, type Server } from 'node:http';
import type {
  Observation,
  Reservation,
  ReservationRequest,
  Runtime,
  StopOptions,
  WorkloadExit,
  WorkloadSpec,
} from '../../src/runtimes/contract.ts';
import { freePort } from './freePort.ts';

/** One workload of a {@link FakeRuntime}, and the handles by which a test moves it. */
export class FakeWorkload {
  readonly spec: WorkloadSpec;
  readonly log: string[] = [];
  observation: Observation;
  stops: StopOptions[] = [];
  readonly #tell: (observation: Observation) => void;
  #server: Server | undefined;

  constructor(spec: WorkloadSpec, tell: (observation: Observation) => void) {
    this.spec = spec;
    this.#tell = tell;
    this.observation = { id: spec.id, kind: spec.kind, owner: spec.owner, phase: 'waiting', ports: {} };
  }

  /** It waits for `reason`. */
  wait(reason: string): void {
    this.#change({ phase: 'waiting', waitingFor: reason });
  }

  /** It runs, but answers nothing yet. */
  run(): void {
    const { bindAddress, ports } = this.spec.reservation;
    this.#change({ phase: 'running', host: bindAddress, ports, startedAt: Date.now() });
  }

  /** It answers every request with `status`, for real, on the port it was given. */
  answer(status = 200): Promise<void> {
    return this.#listen((_request, response) => response.writeHead(status).end('{}'));
  }

  /** It holds the port it was given, so that no other program can answer there, and breaks every connection off. */
  hold(): Promise<void> {
    return this.#listen((request) => request.socket.destroy());
  }

  #listen(listener: RequestListener): Promise<void> {
    const server = createServer(listener);
    this.#server = server;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.spec.reservation.ports.http, '127.0.0.1', resolve);
    });
  }

  /** It ends. */
  exit(exit: WorkloadExit): void {
    if (this.observation.phase === 'exited') return;
    this.close();
    this.#change({ phase: 'exited', exit });
  }

  /** Frees its port. */
  close(): void {
    this.#server?.closeAllConnections();
    this.#server?.close();
    this.#server = undefined;
  }

  #change(change: Partial<Observation>): void {
    this.observation = { ...this.observation, ...change };
    this.#tell(this.observation);
  }
}

/**
 * A runtime in memory, for tests of what happens above runtimes. Workloads outlive the hub (they are in this object), and
 * do what the test says: by default they run and answer at once, and end when asked to.
 */
export class FakeRuntime implements Runtime {
  readonly name = 'process';
  readonly workloads = new Map<string, FakeWorkload>();
  /** Every id that was ever started, in order. */
  readonly started: string[] = [];
  superuser = false;
  readonly #listeners = new Set<(observation: Observation) => void>();

  /** What a new workload does. */
  onStart: (workload: FakeWorkload) => Promise<void> | void = async (workload) => {
    workload.run();
    await workload.answer();
  };

  /** What a workload does when it is asked to end. */
  onStop: (workload: FakeWorkload) => void = (workload) => workload.exit({ code: null, signal: 'SIGTERM' });

  /** The workloads that have not ended. */
  get live(): FakeWorkload[] {
    return [...this.workloads.values()].filter((workload) => workload.observation.phase !== 'exited');
  }

  open(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    for (const workload of this.workloads.values()) workload.close();
    return Promise.resolve();
  }

  async reserve(request: ReservationRequest): Promise<Reservation> {
    const ports: Record<string, number> = {};
    for (const name of request.ports) ports[name] = await freePort();
    return {
      bindAddress: '127.0.0.1',
      ports,
      filesDirectory: `/run/${request.id}`,
      homeDirectory: `/home/${request.owner}`,
      superuser: this.superuser,
    };
  }

  async start(spec: WorkloadSpec): Promise<void> {
    if (this.workloads.has(spec.id)) return;
    const workload = new FakeWorkload(spec, (observation) => this.#tell(observation));
    this.workloads.set(spec.id, workload);
    this.started.push(spec.id);
    await this.onStart(workload);
  }

  stop(id: string, options: StopOptions): Promise<void> {
    const workload = this.workloads.get(id);
    if (workload && workload.observation.phase !== 'exited') {
      workload.stops.push(options);
      this.onStop(workload);
    }
    return Promise.resolve();
  }

  list(): Promise<Observation[]> {
    return Promise.resolve([...this.workloads.values()].map((workload) => workload.observation));
  }

  get(id: string): Promise<Observation | undefined> {
    return Promise.resolve(this.workloads.get(id)?.observation);
  }

  observe(listener: (observation: Observation) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  logTail(id: string, lines: number): Promise<string[]> {
    return Promise.resolve(this.workloads.get(id)?.log.slice(-lines) ?? []);
  }

  forget(id: string): Promise<void> {
    if (this.workloads.get(id)?.observation.phase === 'exited') this.workloads.delete(id);
    return Promise.resolve();
  }

  #tell(observation: Observation): void {
    for (const listener of this.#listeners) listener(observation);
  }
}
