import type { Pod, Secret } from 'kubernetes-types/core/v1.js';
import type { PlacementSettings } from '../../config/deploymentSettings.ts';
import type { ClusterPodSettings, ServerPodSettings } from '../../config/podSettings.ts';
import { AtollError, messageOf } from '../../core/errors.ts';
import { sha256Hex } from '../../core/ids.ts';
import type { ApiAccess } from '../../kubernetes/apiAccess.ts';
import { ApiClient } from '../../kubernetes/apiClient.ts';
import { ApiError, isApiError } from '../../kubernetes/apiError.ts';
import { Reflector, type ReflectorTimes } from '../../kubernetes/reflector.ts';
import type { RequestPriority } from '../../kubernetes/requestLimiter.ts';
import type { Logger } from '../../observability/logger.ts';
import type {
  Observation,
  Reservation,
  ReservationRequest,
  Runtime,
  StopOptions,
  WorkloadExit,
  WorkloadSpec,
} from '../contract.ts';
import { clusterPod } from './clusterPod.ts';
import { withDaskClient } from './daskClient.ts';
import { exitOf } from './exitOf.ts';
import { installationLabel, workloadLabel } from './labels.ts';
import { LogTails } from './logTails.ts';
import { PodEvents } from './podEvents.ts';
import { filesDirectory, type PodInputs, type PodPriorities, podPorts } from './podInputs.ts';
import { type PodView, podView } from './podView.ts';
import { serverPod } from './serverPod.ts';
import { forbidden, startErrorOf } from './startError.ts';
import { ensureVolumeClaim, removeVolumeClaims } from './volumeClaim.ts';
import { type WaitingReason, waitingReason } from './waitingReason.ts';

/** How a Kubernetes runtime is made. */
export interface KubernetesRuntimeOptions {
  access: ApiAccess;
  /** Where pods are made. */
  namespace: string;
  /** Marks what belongs to this installation; `[a-z0-9-]`, 63 characters at most. */
  installationId: string;
  /** What the settings say about pods; looked at for each start. */
  settings: () => PodSettings;
  log: Logger;
  /** Milliseconds after which a pod that cannot start unless somebody changes something is given up. Default 5 minutes. */
  stuckMs?: number;
  times?: Partial<ReflectorTimes>;
}

/** What the settings say about pods. */
export interface PodSettings {
  /** What the pods of servers get, when the workload does not say otherwise. */
  servers: ServerPodSettings;
  clusters: ClusterPodSettings;
  /** Which nodes servers prefer. */
  placement: PlacementSettings;
  /** Undefined: pods have the priority that the cluster gives them. */
  priorities?: PodPriorities;
}

/** The runtime of a Kubernetes namespace: every workload is a pod. */
export interface KubernetesRuntime extends Runtime {
  readonly name: 'kubernetes';
  /** Milliseconds since the API server was heard last; a few seconds at most when all is well. */
  silentMs(): number;
}

/** How a workload ended whose pod is gone; kept until it is forgotten. */
interface Ended {
  observation: Observation;
}

interface Stopping {
  graceSeconds: number;
  deadline: number;
}

/** How often waiting pods are looked at, for reasons that change with time alone. */
const lookMs = 2000;
const defaultStuckMs = 300_000;
/** A pod that is still there so long after the end of its grace period is on a node that does not answer. */
const overdueMs = 60_000;
/** Secrets that nobody uses any more are removed so often at most. */
const sweepMs = 10_000;
/** A pod is deleted with at least one second: with zero, Kubernetes forgets it before it has ended. */
const shortestGraceSeconds = 1;

/** Makes the runtime of a namespace. Nothing happens before `open`. */
export function createKubernetesRuntime(options: KubernetesRuntimeOptions): KubernetesRuntime {
  return new Pods(options);
}

class Pods implements KubernetesRuntime {
  readonly name = 'kubernetes';
  readonly #options: KubernetesRuntimeOptions;
  readonly #client: ApiClient;
  readonly #pods: Reflector<Pod, PodView>;
  readonly #events: PodEvents;
  readonly #logs: LogTails;
  /** Pod names by workload id. */
  readonly #names = new Map<string, string>();
  readonly #starting = new Map<string, Promise<void>>();
  readonly #stopping = new Map<string, Stopping>();
  readonly #ended = new Map<string, Ended>();
  /** Workloads that were forgotten while their pods are still being removed. */
  readonly #forgotten = new Set<string>();
  /** Since when a pod has been stuck, and the reason that will be told when it is given up. */
  readonly #stuck = new Map<string, { since: number; text: string }>();
  readonly #givenUp = new Map<string, string>();
  /** Secrets that were made, or seen, by this hub and not removed since. */
  readonly #secretsMade = new Set<string>();
  /** Secrets of pods that are being made right now. */
  readonly #secretsAwaited = new Map<string, number>();
  #secretsAreLeft = false;
  #sweptAt = 0;
  readonly #told = new Map<string, string>();
  readonly #listeners = new Set<(observation: Observation) => void>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: KubernetesRuntimeOptions) {
    this.#options = options;
    const { access, namespace, installationId, log, times } = options;
    this.#client = new ApiClient(access);
    this.#logs = new LogTails(this.#client, namespace, log);
    const onTrouble =
      (what: string) =>
      (message: string, againInMs: number): void =>
        log.warn({ message, againInMs }, `the watch of ${what} was interrupted`);
    this.#pods = new Reflector<Pod, PodView>({
      client: this.#client,
      path: this.#path('pods'),
      labelSelector: `${installationLabel}=${installationId}`,
      project: podView,
      onChange: (_, view, last) => this.#podChanged(view, last),
      onTrouble: onTrouble('pods'),
      ...(times && { times }),
    });
    this.#events = new PodEvents(this.#client, namespace, {
      onEvent: (podName) => this.#eventCame(podName),
      onTrouble: onTrouble('events'),
    });
  }

  async open(): Promise<void> {
    const { access } = this.#options;
    try {
      await this.#events.open();
      await this.#pods.open();
    } catch (error) {
      await this.close();
      throw openErrorOf(error, access);
    }
    this.#timer = setInterval(() => this.#look(), lookMs);
    this.#timer.unref();
    this.#secretsAreLeft = true;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#logs.close();
    await Promise.all([this.#pods.close(), this.#events.close()]);
    await this.#client.close();
  }

  silentMs(): number {
    return Date.now() - this.#pods.silentSince;
  }

  async reserve(request: ReservationRequest): Promise<Reservation> {
    checkId(request.id);
    const { servers } = this.#options.settings();
    const ports = request.ports.map((name, index) => [name, podPorts[name] ?? 9000 + index] as const);
    return {
      bindAddress: '0.0.0.0',
      ports: Object.fromEntries(ports),
      filesDirectory,
      homeDirectory: servers.storage.homeMountPath,
      superuser: request.kind === 'server' && servers.uid === 0,
    };
  }

  start(spec: WorkloadSpec): Promise<void> {
    const known = this.#starting.get(spec.id);
    if (known) return known;
    const start = this.#start(spec).finally(() => this.#starting.delete(spec.id));
    this.#starting.set(spec.id, start);
    return start;
  }

  async stop(id: string, { graceSeconds }: StopOptions): Promise<void> {
    await this.#starting.get(id)?.catch(() => undefined);
    const pod = this.#podOf(id);
    if (!pod || this.#exitOf(pod, false)) return;
    const deadline = Date.now() + graceSeconds * 1000;
    const before = this.#stopping.get(id);
    // A later call may only shorten the time.
    if (before && before.deadline <= deadline) return;
    this.#stopping.set(id, { graceSeconds, deadline });
    this.#logs.follow(pod);
    await this.#delete(pod, Math.max(shortestGraceSeconds, Math.ceil(graceSeconds)));
  }

  async list(): Promise<Observation[]> {
    const present = [...this.#pods.list()].filter((pod) => this.#podOf(pod.id) === pod);
    return [
      ...present.map((pod) => this.#observationOf(pod)),
      ...[...this.#ended.values()].map(({ observation }) => observation),
    ];
  }

  async get(id: string): Promise<Observation | undefined> {
    const pod = this.#podOf(id);
    return pod ? this.#observationOf(pod) : this.#ended.get(id)?.observation;
  }

  observe(listener: (observation: Observation) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async logTail(id: string, lines: number): Promise<string[]> {
    const pod = this.#podOf(id);
    if (pod) return this.#logs.read(pod, lines);
    await this.#logs.settle(id);
    return this.#logs.kept(id, lines);
  }

  async forget(id: string): Promise<void> {
    const pod = this.#podOf(id);
    if (pod && !this.#exitOf(pod, false)) return;
    if (pod) {
      this.#forgotten.add(id);
      await this.#delete(pod, 0);
    }
    if (!pod && !this.#ended.delete(id)) return;
    if (pod?.kind !== 'worker') this.#secretsAreLeft = true;
    this.#drop(id);
  }

  async removeHome(owner: string, serverName: string | undefined): Promise<void> {
    const { namespace, settings } = this.#options;
    const { servers } = settings();
    if (!servers.storage.deleteClaims) return;
    await removeVolumeClaims(this.#client, { namespace, servers, owner, serverName });
  }

  async #start(spec: WorkloadSpec): Promise<void> {
    checkId(spec.id);
    if (spec.kind === 'service')
      throw new AtollError('ATOLL_KUBERNETES_REFUSED', 'Services of the hub do not run as pods.');
    if (this.#ended.has(spec.id) || this.#podOf(spec.id)) return;
    try {
      if (spec.kind === 'server') await this.#startServer(spec);
      else await this.#startPart(spec);
    } catch (error) {
      throw startErrorOf(error);
    }
  }

  async #startServer(spec: WorkloadSpec): Promise<void> {
    const inputs = this.#inputsFor(withDaskClient(spec), serverSecretName(spec.id));
    const { storage } = spec.pod ?? inputs.servers;
    const claim = storage.type === 'dynamic' ? await ensureVolumeClaim(this.#client, inputs) : storage.staticPvcName;
    const { pod, secret } = serverPod(inputs, storage.type === 'none' ? undefined : claim);
    await this.#create(spec, pod, inputs.secretName, secret, 'interactive');
  }

  async #startPart(spec: WorkloadSpec): Promise<void> {
    // The workers of a cluster share one secret: their files are the same.
    const secretName = `atoll-files-${sha256Hex(JSON.stringify([this.#options.installationId, spec.subject, spec.files, spec.environment])).slice(0, 32)}`;
    const { pod, secret } = clusterPod(this.#inputsFor(spec, secretName));
    await this.#create(spec, pod, secretName, secret, spec.kind === 'worker' ? 'bulk' : 'interactive');
  }

  #inputsFor(spec: WorkloadSpec, secretName: string): PodInputs {
    const { namespace, installationId, settings } = this.#options;
    return { spec, namespace, installationId, ...settings(), secretName };
  }

  async #create(
    spec: WorkloadSpec,
    pod: Pod,
    secretName: string,
    secret: Record<string, string>,
    priority: RequestPriority,
  ): Promise<void> {
    this.#secretsAwaited.set(secretName, (this.#secretsAwaited.get(secretName) ?? 0) + 1);
    try {
      if (Object.keys(secret).length > 0) await this.#ensureSecret(secretName, secret, pod);
      const view = podView(await this.#createPod(spec, pod, priority));
      if (view) this.#pods.note(view);
    } catch (error) {
      this.#secretsAreLeft = true;
      throw error;
    } finally {
      const others = (this.#secretsAwaited.get(secretName) ?? 1) - 1;
      if (others === 0) this.#secretsAwaited.delete(secretName);
      else this.#secretsAwaited.set(secretName, others);
    }
  }

  /** Repeatable: a pod that is there already is ours when it has our label, and in the way otherwise. */
  async #createPod(spec: WorkloadSpec, pod: Pod, priority: RequestPriority): Promise<Pod> {
    try {
      return await this.#client.request<Pod>({ method: 'POST', path: this.#path('pods'), body: pod, priority });
    } catch (error) {
      if (!isApiError(error, 409)) throw error;
      const name = pod.metadata?.name ?? '';
      const there = await this.#client.request<Pod>({ path: `${this.#path('pods')}/${name}` });
      const labels = there.metadata?.labels ?? {};
      if (labels[workloadLabel] === spec.id) return there;
      if (labels[installationLabel] !== this.#options.installationId)
        throw new AtollError(
          'ATOLL_KUBERNETES_REFUSED',
          `There is a pod ${name} already, which another program made.`,
          {
            nextStep: 'Delete that pod, or set singleuser.podNameTemplate.',
          },
        );
      // An earlier start of the same server, which is on its way out.
      const view = podView(there);
      if (view && view.deletedAt === undefined) await this.#delete(view, shortestGraceSeconds);
      throw new Error(`the pod ${name} of an earlier start is still there`, { cause: error });
    }
  }

  async #ensureSecret(name: string, data: Record<string, string>, { metadata }: Pod): Promise<void> {
    if (this.#secretsMade.has(name)) return;
    const path = this.#path('secrets');
    const { [installationLabel]: installation = '', 'gateway.dask.org/cluster': cluster } = metadata?.labels ?? {};
    const secret: Secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        name,
        labels: {
          [installationLabel]: installation,
          'app.kubernetes.io/managed-by': 'atoll',
          ...(cluster !== undefined && { 'gateway.dask.org/cluster': cluster }),
        },
      },
      type: 'Opaque',
      data,
    };
    try {
      await this.#client.request({ method: 'POST', path, body: secret });
    } catch (error) {
      if (!isApiError(error, 409)) throw error;
      await this.#client.request({ method: 'PUT', path: `${path}/${name}`, body: secret });
    }
    this.#secretsMade.add(name);
  }

  async #removeSecret(name: string): Promise<void> {
    try {
      await this.#client.request({ method: 'DELETE', path: `${this.#path('secrets')}/${name}`, priority: 'bulk' });
    } catch (error) {
      if (!isApiError(error, 404))
        this.#options.log.warn({ error: messageOf(error), secret: name }, 'a secret could not be removed');
    }
  }

  /** Removes secrets that no pod uses any more: of clusters that ended, and of hubs that were killed in between. */
  async #sweepSecrets(): Promise<void> {
    this.#secretsAreLeft = false;
    this.#sweptAt = Date.now();
    const labelSelector = `${installationLabel}=${this.#options.installationId}`;
    const { items } = await this.#client.request<{ items: Secret[] }>({
      path: this.#path('secrets'),
      query: { labelSelector },
    });
    const used = new Set([...this.#pods.list()].map(({ secret }) => secret));
    for (const { metadata } of items) {
      const name = metadata?.name ?? '';
      if (used.has(name) || this.#secretsAwaited.has(name)) continue;
      this.#secretsMade.delete(name);
      await this.#removeSecret(name);
    }
  }

  async #delete(pod: PodView, graceSeconds: number): Promise<void> {
    try {
      await this.#client.request({
        method: 'DELETE',
        path: `${this.#path('pods')}/${pod.name}`,
        body: {
          kind: 'DeleteOptions',
          apiVersion: 'v1',
          gracePeriodSeconds: graceSeconds,
          preconditions: { uid: pod.uid },
        },
        priority: pod.kind === 'worker' ? 'bulk' : 'interactive',
      });
    } catch (error) {
      // 404: it is gone. 409: another pod has its name now.
      if (!isApiError(error, 404) && !isApiError(error, 409)) throw error;
    }
  }

  #podChanged(view: PodView | undefined, last: PodView | undefined): void {
    const pod = view ?? last;
    if (!pod) return;
    if (view) {
      this.#names.set(view.id, view.name);
      if (view.deletedAt !== undefined) this.#logs.follow(view);
      this.#tell(this.#observationOf(view));
      return;
    }
    this.#names.delete(pod.id);
    if (this.#forgotten.delete(pod.id)) {
      this.#drop(pod.id);
      return;
    }
    const observation = this.#observationOf(pod, true);
    this.#ended.set(pod.id, { observation });
    this.#tell(observation);
  }

  #eventCame(podName: string): void {
    const pod = this.#pods.get(podName);
    if (pod) this.#tell(this.#observationOf(pod));
  }

  /** Looks at what changes with time alone: seconds of a pull, pods that are stuck, nodes that do not answer. */
  #look(): void {
    const now = Date.now();
    for (const pod of this.#pods.list()) {
      if (pod.deletedAt !== undefined && now - pod.deletedAt > overdueMs) this.#force(pod);
      const observation = this.#observationOf(pod);
      if (observation.phase !== 'waiting') continue;
      this.#tell(observation);
      this.#giveUpIfStuck(pod, now);
    }
    if (this.#secretsAreLeft && now - this.#sweptAt > sweepMs)
      this.#sweepSecrets().catch((error: unknown) => {
        this.#secretsAreLeft = true;
        this.#options.log.warn({ error: messageOf(error) }, 'secrets that are left could not be removed');
      });
    const silent = this.silentMs();
    if (silent > 120_000)
      this.#options.log.error({ silentSeconds: Math.round(silent / 1000) }, 'Kubernetes has gone silent');
  }

  #giveUpIfStuck(pod: PodView, now: number): void {
    const reason = this.#waitingReason(pod);
    if (!reason.stuck) {
      this.#stuck.delete(pod.id);
      return;
    }
    const since = this.#stuck.get(pod.id)?.since ?? now;
    this.#stuck.set(pod.id, { since, text: reason.text });
    if (now - since < (this.#options.stuckMs ?? defaultStuckMs) || this.#givenUp.has(pod.id)) return;
    this.#givenUp.set(pod.id, `It could not start: ${reason.text}.`);
    this.#inBackground(this.#delete(pod, shortestGraceSeconds), pod);
  }

  #force(pod: PodView): void {
    this.#options.log.warn({ workload: pod.id, node: pod.node }, 'a node does not end a pod; it is taken off the list');
    this.#inBackground(this.#delete(pod, 0), pod);
  }

  #inBackground(work: Promise<void>, { id }: PodView): void {
    work.catch((error: unknown) =>
      this.#options.log.warn({ error: messageOf(error), workload: id }, 'a pod could not be deleted'),
    );
  }

  #tell(observation: Observation): void {
    const text = JSON.stringify(observation);
    if (this.#told.get(observation.id) === text) return;
    this.#told.set(observation.id, text);
    for (const listener of this.#listeners) listener(observation);
  }

  #podOf(id: string): PodView | undefined {
    const name = this.#names.get(id);
    if (name === undefined || this.#forgotten.has(id)) return undefined;
    const pod = this.#pods.get(name);
    return pod?.id === id ? pod : undefined;
  }

  #observationOf(pod: PodView, gone = false): Observation {
    const { id, kind, owner, ports, ip, main } = pod;
    const exit = this.#exitOf(pod, gone);
    const running = main?.runningSince !== undefined && ip !== undefined;
    return {
      id,
      kind,
      owner,
      phase: exit ? 'exited' : running ? 'running' : 'waiting',
      ...(!exit && !running && { waitingFor: this.#waitingReason(pod).text }),
      ...(ip !== undefined && { host: ip }),
      ports,
      ...(main?.runningSince !== undefined && { startedAt: main.runningSince }),
      ...(exit && { exit }),
    };
  }

  #exitOf(pod: PodView, gone: boolean): WorkloadExit | undefined {
    const givenUp = this.#givenUp.get(pod.id);
    const exit = exitOf(pod, {
      graceSeconds: this.#stopping.get(pod.id)?.graceSeconds,
      gone,
    });
    return exit && givenUp !== undefined ? { code: null, signal: null, reason: givenUp } : exit;
  }

  #waitingReason(pod: PodView): WaitingReason {
    return waitingReason(pod, {
      events: this.#events.about(pod.uid),
      imageSizes: this.#events.imageSizes,
      now: Date.now(),
    });
  }

  #drop(id: string): void {
    this.#logs.forget(id);
    for (const map of [this.#stopping, this.#stuck, this.#givenUp, this.#told]) map.delete(id);
  }

  #path(resource: string): string {
    return `/api/v1/namespaces/${this.#options.namespace}/${resource}`;
  }
}

function serverSecretName(id: string): string {
  return `atoll-${id}`;
}

function checkId(id: string): void {
  if (!/^[a-z0-9-]{1,63}$/.test(id)) throw new TypeError(`not a workload id: ${JSON.stringify(id)}`);
}

function openErrorOf(error: unknown, { server, source }: ApiAccess): unknown {
  if (!(error instanceof ApiError)) return error;
  if (error.status === 403) return forbidden(error);
  if (error.status === 401)
    return new AtollError('ATOLL_KUBERNETES_ACCESS', 'The Kubernetes API server does not accept the credentials.', {
      evidence: `${server}, ${source}: ${error.message}`,
      cause: error,
    });
  return new AtollError('ATOLL_KUBERNETES_ACCESS', 'The Kubernetes API server cannot be reached.', {
    evidence: `${server}, ${source}: ${error.message}`,
    cause: error,
  });
}
