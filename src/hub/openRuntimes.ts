import { dirname } from 'node:path';
import type { Live } from '../config/live.ts';
import type { Settings } from '../config/settings.ts';
import { type DataFolder, secretOf } from '../core/dataFolder.ts';
import { messageOf } from '../core/errors.ts';
import { compileBytecode } from '../environment/compileBytecode.ts';
import { ensureEnvironment } from '../environment/ensureEnvironment.ts';
import type { Environment } from '../environment/environment.ts';
import { installDaskClient } from '../environment/installDaskClient.ts';
import type { Identity } from '../identity/identity.ts';
import type { Logger } from '../observability/logger.ts';
import type { Runtime } from '../runtimes/contract.ts';
import { resolveCommand } from '../runtimes/process/launchEnvironment.ts';
import { createProcessRuntime } from '../runtimes/process/processRuntime.ts';
import type { Store } from '../store/store.ts';
import { warmUpAtSignIn } from './warmUpAtSignIn.ts';

/** Where what a hub starts runs. */
export interface HubRuntimes {
  /** Servers and clusters. */
  workloads: Runtime;
  /** The hub's own services: processes beside it, wherever servers run. */
  services: Runtime;
  /** Sentences that the operator should read at start. */
  notes: string[];
  /** Begins, in the background, what makes first starts faster; call it when the hub answers. Returns how to stop that. */
  warmUp(parts: { store: Pick<Store, 'changes'>; identity: Pick<Identity, 'sessions' | 'users'> }): () => void;
  /** Gives back what is held for faster starts. */
  rest(): Promise<void>;
  /** Stops observing. Workloads go on. */
  close(): Promise<void>;
}

/** What {@link openRuntimes} needs. */
export interface RuntimeParts {
  folder: DataFolder;
  settings: Live<Settings>;
  /** Where servers and clusters reach the edge. */
  hubUrl: string;
  /** The Python that services run with where servers and clusters are pods. Undefined: the one of Atoll's environment. */
  servicePython?: string;
  log: Logger;
}

/** How often older Python environments are looked for. */
const tidyEveryMs = 3600 * 1000;

/** Opens the runtimes that the settings ask for; each is loaded only where it is used. */
export async function openRuntimes(parts: RuntimeParts): Promise<HubRuntimes> {
  return parts.settings.current.runtime.kind === 'kubernetes' ? openKubernetes(parts) : openProcesses(parts);
}

async function openProcesses(parts: RuntimeParts): Promise<HubRuntimes> {
  const { folder, log } = parts;
  const environment = await ensureEnvironment({
    stateDirectory: folder.environments,
    onProgress: (line) => log.info(line),
  });
  return openProcessesIn(environment, parts);
}

async function openProcessesIn(environment: Environment, { folder, log }: RuntimeParts): Promise<HubRuntimes> {
  const daskClient = daskClientFor(folder.environments, environment, log);
  const runtime = createProcessRuntime({
    directory: folder.workloads,
    environment: { ...environment, daskClient },
    installationId: installationIdOf(folder),
    log,
  });
  await runtime.open();
  const tidying = setInterval(() => void removeOld(environment, log), tidyEveryMs).unref();
  return {
    workloads: runtime,
    services: runtime,
    notes: [runtime.isolation().sentence],
    warmUp({ store, identity }) {
      // In the background: the first user's first start should be fast too.
      void runtime.keepSpareForkServer();
      compileBytecode(environment).catch((error: unknown) =>
        log.warn({ error: messageOf(error) }, 'bytecode not compiled'),
      );
      return warmUpAtSignIn({ store, identity, runtime, log });
    },
    rest: () => runtime.restForkServers(),
    close: () => {
      clearInterval(tidying);
      return runtime.close();
    },
  };
}

/** Where Atoll's modules for Dask's clients are; undefined when they cannot be put there. */
function daskClientFor(state: string, environment: Environment, log: Logger): string | undefined {
  try {
    return installDaskClient(state, environment);
  } catch (error) {
    log.warn({ error: messageOf(error) }, 'the modules for Dask clients are not installed');
    return undefined;
  }
}

/** Removes environments that earlier versions of the program have left and that nothing uses any more. */
async function removeOld({ owned, directory }: Environment, log: Logger): Promise<void> {
  if (!owned) return;
  try {
    const { removeOldEnvironments } = await import('../environment/removeOldEnvironments.ts');
    const removed = await removeOldEnvironments(dirname(directory));
    if (removed.length > 0) log.info({ removed }, 'older Python environments were removed');
  } catch (error) {
    log.warn({ error: messageOf(error) }, 'older Python environments were not removed');
  }
}

async function openKubernetes(parts: RuntimeParts): Promise<HubRuntimes> {
  const { folder, settings, hubUrl, log } = parts;
  const { createKubernetesRuntime } = await import('../runtimes/kubernetes/kubernetesRuntime.ts');
  const { priorityClassName } = await import('../runtimes/kubernetes/priorityClasses.ts');
  const { inClusterAccess } = await import('../kubernetes/inClusterAccess.ts');
  const { kubeconfigAccess } = await import('../kubernetes/kubeconfigAccess.ts');
  const access = inClusterAccess() ?? kubeconfigAccess();
  const namespace = settings.current.servers.pod.namespace ?? access.namespace;
  // Whoever deployed this hub says as what; priority classes are made with it.
  const release = process.env.HELM_RELEASE_NAME;
  const runtime = createKubernetesRuntime({
    access,
    namespace,
    installationId: installationIdOf(folder),
    settings: () => {
      const { servers, clusters, deployment } = settings.current;
      const { podPriority, userPods } = deployment.scheduling;
      return {
        servers: servers.pod,
        clusters: clusters.pod,
        placement: userPods,
        ...(podPriority.enabled &&
          release !== undefined && {
            priorities: {
              server: priorityClassName(release, 'users'),
              scheduler: priorityClassName(release, 'schedulers'),
              worker: priorityClassName(release, 'workers'),
            },
          }),
      };
    },
    log,
  });
  await runtime.open();
  const besides = await openServices(parts);
  return {
    workloads: runtime,
    services: besides?.services ?? runtime,
    notes: [
      `Servers and clusters are pods of the namespace ${namespace} (${access.source}).`,
      ...(isLoopback(hubUrl)
        ? [`Pods cannot reach ${hubUrl}. Start with --host and an address of this machine that they can reach.`]
        : []),
    ],
    warmUp: () => () => undefined,
    rest: async () => undefined,
    async close() {
      await besides?.close();
      await runtime.close();
    },
  };
}

/** Runs the hub's own services beside it, when there are some. */
async function openServices(parts: RuntimeParts): Promise<HubRuntimes | undefined> {
  if (!Object.values(parts.settings.current.services).some(({ managed }) => managed !== undefined)) return undefined;
  const { servicePython } = parts;
  if (servicePython === undefined) return openProcesses(parts);
  const found = { python: servicePython, directory: '/usr', owned: false };
  const [python = servicePython] = resolveCommand([servicePython], found, process.env.PATH ?? '');
  return openProcessesIn({ ...found, python }, parts);
}

function installationIdOf(folder: DataFolder): string {
  return secretOf(folder, 'installation-id').toString('hex').slice(0, 16);
}

function isLoopback(url: string): boolean {
  return /^https?:\/\/(localhost|127\.|\[::1\])/.test(url);
}
