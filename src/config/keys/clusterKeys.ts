import { z } from 'zod';
import type { ClusterAllowance, ClusterOptionSettings, Settings } from '../settings.ts';
import { type ApplyContext, key, podKey, type Row, section, under } from './key.ts';
import { command, cores, count, flag, memory, seconds, someCores, someMemory, text, textMap } from './types.ts';

/** How much somebody may have at a time. */
const allowance = z.strictObject({
  clusters: count.optional(),
  workers: count.optional(),
  cores: cores.optional(),
  memory: memory.optional(),
});

const allowanceDocs = {
  clusters: 'Clusters',
  workers: 'Workers, of all clusters together,',
  cores: 'Cores, of all clusters together with their schedulers,',
  memory: 'Memory, of all clusters together with their schedulers,',
};

function allowanceKeys(name: 'user' | 'total', whose: string, doc: string): Row[] {
  return [
    section(name, doc),
    ...(Object.keys(allowanceDocs) as (keyof ClusterAllowance)[]).map((kind) =>
      key(
        `${name}.${kind}`,
        allowance.shape[kind].unwrap(),
        `${allowanceDocs[kind]} that ${whose} may have at a time.`,
        (settings, value) => {
          settings.clusters.limits[name][kind] = value;
        },
      ),
    ),
  ];
}

/** The parts of a cluster's configuration that an option may set, by dask-gateway's names; the last three are Atoll's. */
const configurable = z.enum([
  'worker_memory',
  'worker_memory_limit',
  'worker_cores',
  'worker_cores_limit',
  'worker_threads',
  'scheduler_memory',
  'scheduler_memory_limit',
  'scheduler_cores',
  'scheduler_cores_limit',
  'environment',
  'image',
  'idle_timeout',
  'adaptive_period',
  'cluster_start_timeout',
  'cluster_max_workers',
  'cluster_max_cores',
  'cluster_max_memory',
  'scheduler_cmd',
  'worker_cmd',
  'lease',
  'end_with_server',
  'restart_scheduler',
]);

/** What a choice may set besides: parts of pods, which nobody but the operator should write. */
const ofChoices = z.enum([
  ...configurable.options,
  'image_pull_policy',
  'image_pull_secrets',
  'scheduler_extra_pod_config',
  'scheduler_extra_container_config',
  'scheduler_extra_pod_labels',
  'scheduler_extra_pod_annotations',
  'worker_extra_pod_config',
  'worker_extra_container_config',
  'worker_extra_pod_labels',
  'worker_extra_pod_annotations',
]);

const optionName = text.regex(/^[A-Za-z_]\w*$/, 'is no name that Python takes: letters, digits and _');

const option = z.strictObject({
  type: z.enum(['string', 'bool', 'int', 'float', 'select', 'mapping']),
  label: text.optional(),
  default: z.unknown().optional(),
  min: z.number().optional(),
  max: z.number().optional(),
  groups: z
    .record(
      text,
      z.strictObject({ min: z.number().optional(), max: z.number().optional(), choices: z.array(text).optional() }),
    )
    .optional(),
  sets: configurable.optional(),
  as: text.optional(),
  choices: z.record(text, z.partialRecord(ofChoices, z.unknown())).optional(),
  node: z.strictObject({ cores: someCores, memory: someMemory }).optional(),
});

/** `atoll.clusters.*` beyond the limits of one cluster. */
export const clusterKeys: Row[] = [
  section('limits', 'How much people may have at a time, over all of their clusters.'),
  ...under('limits', [
    ...allowanceKeys('user', 'each user', 'Limits of each user.'),
    key(
      'groups',
      z.record(text, allowance),
      'Limits of all members of a group together, by its name; as for user.',
      (settings, value) => {
        settings.clusters.limits.groups = value as Record<string, ClusterAllowance>;
      },
    ),
    ...allowanceKeys('total', 'all people together', 'Limits of everybody together: of the machine, say.'),
    key(
      'whenFull',
      z.enum(['queue', 'refuse']),
      'What becomes of a request beyond these limits: it waits for its turn, or it is refused.',
      (settings, value) => {
        settings.clusters.limits.whenFull = value;
      },
      { default: 'queue' },
    ),
  ]),
  key(
    'options',
    z.record(optionName, option),
    'What people may choose about their clusters, by name, without Python: type, label, default, min, max, choices, and what it sets.',
    applyOptions,
    { default: {} },
  ),
  key(
    'lease',
    seconds,
    'Seconds after which a cluster ends that nobody is connected to and that has no work; 0: never.',
    (settings, value) => {
      settings.clusters.leaseSeconds = value;
    },
    { default: 43_200 },
  ),
  key(
    'endWithServer',
    flag,
    'Whether a cluster ends with the notebook server on which it was made.',
    (settings, value) => {
      settings.clusters.endWithServer = value;
    },
    { default: false },
  ),
  key(
    'restartScheduler',
    flag,
    'Whether a scheduler that dies is started anew, instead of ending its cluster. What it knew is lost.',
    (settings, value) => {
      settings.clusters.restartScheduler = value;
    },
    { default: false },
  ),
  key(
    'schedulerCommand',
    command,
    'The program of schedulers, with arguments; without it, Dask’s own.',
    (settings, value) => {
      settings.clusters.schedulerCommand = value;
    },
  ),
  key(
    'workerCommand',
    command,
    'The program of workers, such as dask-cuda-worker; without it, Dask’s own.',
    (settings, value) => {
      settings.clusters.workerCommand = value;
    },
  ),
  podKey(
    'preemptibleWorkers',
    flag,
    'Whether workers may run on nodes that the cloud can take away at any time (spot), and prefer them. Schedulers avoid them.',
    ({ clusters }, value) => {
      clusters.pod.preemptibleWorkers = value;
    },
    { default: false },
  ),
  ...(['scheduler', 'worker'] as const).flatMap((kind) => [
    podKey(`${kind}PodLabels`, textMap, `Labels of the pods of ${kind}s.`, ({ clusters }, value) => {
      clusters.pod[kind].labels = value;
    }),
    podKey(`${kind}PodAnnotations`, textMap, `Annotations of the pods of ${kind}s.`, ({ clusters }, value) => {
      clusters.pod[kind].annotations = value;
    }),
  ]),
];

/** What makes no sense together is refused where it stands: it would only show in somebody's notebook. */
function applyOptions(
  settings: Settings,
  options: Record<string, z.output<typeof option>>,
  context: ApplyContext,
): void {
  for (const [name, written] of Object.entries(options)) {
    const problem = problemOf(name, written);
    if (problem) context.refuse('ATOLL_SETTINGS_VALUE', problem.message, { at: [name, ...problem.at] });
  }
  settings.clusters.options = options as Record<string, ClusterOptionSettings>;
}

function problemOf(name: string, written: z.output<typeof option>): { message: string; at: string[] } | undefined {
  const { type, choices = {}, node, sets, min, max, default: preset } = written;
  const problem = (message: string, ...at: string[]): { message: string; at: string[] } => ({ message, at });
  if (type === 'select') {
    if (Object.keys(choices).length === 0 && !node)
      return problem('A select needs choices, or a node whose shares are choices.');
    if (sets !== undefined) return problem('The choices of a select say what they set.', 'sets');
    if (preset !== undefined && !node && !(typeof preset === 'string' && Object.hasOwn(choices, preset)))
      return problem(`This is none of the choices: ${Object.keys(choices).join(', ')}.`, 'default');
    return undefined;
  }
  if (Object.keys(choices).length > 0 || node) return problem('Only a select has choices.', node ? 'node' : 'choices');
  if (sets === undefined && !configurable.safeParse(name).success)
    return problem('It says nowhere what it sets: write "sets", or take the name of a part of the configuration.');
  if (type !== 'int' && type !== 'float') {
    if (min !== undefined || max !== undefined)
      return problem('Only a number has bounds.', min === undefined ? 'max' : 'min');
    return undefined;
  }
  if (min !== undefined && max !== undefined && min > max) return problem(`This is above max, ${max}.`, 'min');
  if (preset === undefined) return undefined;
  if (typeof preset !== 'number') return problem('This must be a number.', 'default');
  if (min !== undefined && preset < min) return problem(`This is below min, ${min}.`, 'default');
  return max !== undefined && preset > max ? problem(`This is above max, ${max}.`, 'default') : undefined;
}
