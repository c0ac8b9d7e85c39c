import { formatBytes } from '../../core/quantities.ts';
import type { EventView } from './eventView.ts';
import type { ContainerView, PodState } from './podView.ts';

/** Why a pod does not run yet. */
export interface WaitingReason {
  /** Plain words, for the user: a clause, to go after "It waits: ". */
  text: string;
  /** Set when waiting alone does not help: somebody must change something. */
  stuck?: true;
}

/** What is known beside the pod itself. */
export interface WaitingCircumstances {
  /** The pod's events and those of its volume claims, oldest first. */
  events: readonly EventView[];
  /** The sizes of images that were pulled before, in bytes. */
  imageSizes: ReadonlyMap<string, number>;
  /** Milliseconds since the epoch. */
  now: number;
}

/**
 * Why a pod does not run yet, in plain words, from what Kubernetes says in its own: first whether it has a node, then its
 * volumes, then its images, then its containers.
 */
export function waitingReason(pod: PodState, circumstances: WaitingCircumstances): WaitingReason {
  if (pod.node === undefined) return waitsForNode(pod, circumstances);
  const container = [...pod.before, ...(pod.main ? [pod.main] : [])].find((one) => one.waiting !== undefined);
  return (
    imageTrouble(container) ??
    containerTrouble(container) ??
    volumeTrouble(circumstances) ??
    pulling(circumstances) ??
    preparing(pod, circumstances)
  );
}

/** Messages of the scheduler, "0/5 nodes are available: 2 Insufficient memory, …", and what to make of their parts. */
const schedulingReasons: readonly { pattern: RegExp; words: string; alone?: string }[] = [
  { pattern: /Insufficient nvidia\.com\/gpu|Insufficient amd\.com\/gpu/, words: 'no node has a free GPU' },
  { pattern: /Insufficient memory/, words: 'no node has enough free memory' },
  { pattern: /Insufficient cpu/, words: 'no node has enough free cores' },
  { pattern: /Insufficient ephemeral-storage/, words: 'no node has enough free disk space' },
  { pattern: /Too many pods/, words: 'the nodes have as many pods as they may' },
  {
    pattern: /unbound immediate PersistentVolumeClaims|persistentvolumeclaim "[^"]*" not found/,
    words: 'its volume is not ready',
  },
  { pattern: /volume node affinity conflict/, words: 'its volume is in a zone that no free node is in' },
  { pattern: /didn't match Pod's node affinity\/selector/, words: 'no node has the labels that were asked for' },
  { pattern: /didn't match pod (?:anti-)?affinity/, words: 'no node satisfies the rules about neighbours' },
  {
    pattern: /had untolerated taint|had taints? /,
    words: 'the other nodes are reserved for other work',
    alone: 'all nodes are reserved for other work',
  },
  {
    pattern: /node\(s\) were unschedulable/,
    words: 'some nodes take no new pods',
    alone: 'no node takes new pods: all are closed for them (cordoned)',
  },
  { pattern: /no nodes available/, words: 'the cluster has no node' },
];

function waitsForNode(pod: PodState, { events }: WaitingCircumstances): WaitingReason {
  const volume = lastOf(events, ['ProvisioningFailed']);
  if (volume)
    return { text: `its volume ${volume.name} cannot be made: ${firstSentence(volume.message)}`, stuck: true };
  if (pod.unschedulable === undefined) return { text: 'it has no node yet' };
  // What the scheduler tried to make room by is no news to a person.
  const because = pod.unschedulable.replace(/ ?preemption:.*$/s, '');
  const rows = schedulingReasons.filter(({ pattern }) => pattern.test(because));
  const words = rows.map((row) => (rows.length === 1 && row.alone) || row.words);
  const why = words.length > 0 ? words.join(', ') : `it has no node yet: ${firstSentence(because)}`;
  const scaling = lastOf(events, ['TriggeredScaleUp', 'Nominated', 'NotTriggerScaleUp']);
  if (scaling && scaling.reason !== 'NotTriggerScaleUp') return { text: `a node is being added, since ${why}` };
  if (scaling) return { text: `${why}, and no node can be added that would help`, stuck: true };
  return { text: why };
}

/** What registries and the kubelet say when an image cannot be had, most telling first. */
const imageReasons: readonly { pattern: RegExp; words: (image: string) => string }[] = [
  {
    pattern: /\b(?:401|403)\b|unauthorized|denied|authorization failed|no basic auth/i,
    words: (image) =>
      `image ${image} cannot be pulled: it is private, or there is none of this name; make it public, or name a secret for it in imagePullSecrets`,
  },
  {
    pattern: /not found|manifest unknown|\b404\b|name unknown/i,
    words: (image) => `image ${image} cannot be pulled: there is no such image or tag; check its spelling`,
  },
  {
    pattern: /toomanyrequests|rate limit|\b429\b/i,
    words: (image) => `image ${image} cannot be pulled for now: the registry says that too much was pulled`,
  },
  {
    pattern: /no match for platform|no matching manifest/i,
    words: (image) => `image ${image} cannot be used: it is not made for this kind of processor`,
  },
  {
    pattern: /no such host|connection refused|i\/o timeout|network is unreachable|no route to host|TLS handshake|x509/i,
    words: (image) => `image ${image} cannot be pulled: its registry cannot be reached from the node`,
  },
  {
    pattern: /no space left on device/i,
    words: (image) => `image ${image} cannot be pulled: the disk of the node is full`,
  },
];

function imageTrouble(container: ContainerView | undefined): WaitingReason | undefined {
  const { reason, message = '' } = container?.waiting ?? {};
  const image = container?.image ?? '';
  if (reason === 'InvalidImageName') return { text: `"${image}" is not the name of an image`, stuck: true };
  if (reason === 'ErrImageNeverPull')
    return { text: `image ${image} is not on the node, and its pull policy is Never`, stuck: true };
  if (reason !== 'ErrImagePull' && reason !== 'ImagePullBackOff' && reason !== 'RegistryUnavailable') return undefined;
  const known = imageReasons.find(({ pattern }) => pattern.test(message.replaceAll(image, '')));
  const words = known ? known.words(image) : `image ${image} cannot be pulled: ${lastPart(message)}`;
  return { text: words, stuck: true };
}

function containerTrouble(container: ContainerView | undefined): WaitingReason | undefined {
  const { reason, message = '' } = container?.waiting ?? {};
  if (reason === 'CreateContainerConfigError' || reason === 'CreateContainerError')
    return { text: `its container ${container?.name} cannot be made: ${lastPart(message)}`, stuck: true };
  if (reason === 'CrashLoopBackOff') {
    const code = container?.ended?.exitCode;
    return {
      text: `its container ${container?.name} ended${code === undefined ? '' : ` with exit code ${code}`} and is started again`,
      stuck: true,
    };
  }
  return undefined;
}

function volumeTrouble({ events }: WaitingCircumstances): WaitingReason | undefined {
  const event = lastOf(events, ['FailedMount', 'FailedAttachVolume', 'Pulling', 'Pulled']);
  if (event?.reason === 'FailedAttachVolume') {
    const words = /Multi-Attach/.test(event.message)
      ? 'its volume is still attached to another node'
      : `its volume cannot be attached: ${lastPart(event.message)}`;
    return { text: words };
  }
  if (event?.reason !== 'FailedMount') return undefined;
  return { text: `a volume of it cannot be mounted: ${lastPart(event.message)}` };
}

function pulling({ events, imageSizes, now }: WaitingCircumstances): WaitingReason | undefined {
  const event = lastOf(events, ['Pulling', 'Pulled']);
  if (event?.reason !== 'Pulling') return undefined;
  const image = /image "([^"]+)"/.exec(event.message)?.[1] ?? 'its image';
  const bytes = imageSizes.get(image);
  const seconds = Math.max(0, Math.round((now - event.at) / 1000));
  return { text: `pulling image ${image}${bytes === undefined ? '' : `, ${formatBytes(bytes)}`}, ${seconds} s so far` };
}

function preparing(pod: PodState, { events }: WaitingCircumstances): WaitingReason {
  const sandbox = lastOf(events, ['FailedCreatePodSandBox', 'Pulled', 'Pulling']);
  if (sandbox?.reason === 'FailedCreatePodSandBox')
    return { text: `the node could not set up its network yet: ${lastPart(sandbox.message)}` };
  const running = pod.before.find(({ runningSince }) => runningSince !== undefined);
  return { text: running ? `its container ${running.name} runs first` : 'its node prepares it' };
}

function lastOf(events: readonly EventView[], reasons: readonly string[]): EventView | undefined {
  return events.findLast(({ reason }) => reasons.includes(reason));
}

/** The end of a chain of causes, "a failed: b: c", is what happened. */
function lastPart(message: string): string {
  const parts = message.trim().split(/: (?=\S)/);
  return (parts.slice(-2).join(': ') || message).slice(0, 300);
}

function firstSentence(message: string): string {
  return (message.split(/\. /)[0] ?? message).replace(/\.$/, '').slice(0, 300);
}
