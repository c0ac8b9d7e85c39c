import { z } from 'zod';
import { clusterKeys } from './clusterKeys.ts';
import { pullPolicy } from './commonKeys.ts';
import { imagesOnly } from './effects.ts';
import { key, podKey, type Row, section, under } from './key.ts';
import { cores, count, memory, networks, pullSecrets, seconds, text } from './types.ts';

const positive = z.number().gt(0).meta({ title: 'seconds above 0' });

/** `atoll.*`: what the charts leave to Python, written as plain keys. */
export const atollKeys: Row[] = [
  section('atoll', "Atoll's own keys."),
  ...under('atoll', [
    section('runtime', 'Where servers and clusters run.'),
    key(
      'runtime.kind',
      // Not `slurm`, of which only the effects of the keys are known so far.
      z.enum(['process', 'kubernetes']),
      'Processes of this machine, or pods on Kubernetes. Slurm jobs cannot be chosen yet.',
      (settings, value) => {
        settings.runtime.kind = value;
      },
      { default: 'process' },
    ),
    section('deploy', 'Atoll itself on Kubernetes.', imagesOnly),
    ...under('deploy', [
      podKey('image', text, "Image of Atoll's hub and edges, with its tag.", ({ deployment }, value) => {
        deployment.image.name = value;
      }),
      podKey('imagePullPolicy', pullPolicy, 'When Kubernetes pulls it.', ({ deployment }, value) => {
        if (value !== '') deployment.image.pullPolicy = value;
      }),
      podKey(
        'imagePullSecrets',
        pullSecrets,
        'Kubernetes secrets with which it is pulled.',
        ({ deployment }, value) => {
          deployment.image.pullSecrets = value;
        },
      ),
    ]),
    section('edge', 'What stands in front of Atoll.'),
    key(
      'edge.trustedProxies',
      networks,
      'Addresses and networks of the proxies (with HTTPS) in front. What they say about clients counts: the address, and whether it speaks HTTPS.',
      (settings, value) => {
        settings.edge.trustedProxies = value;
      },
      { default: [] },
    ),
    section('audit', 'The audit log: who did what to whom.'),
    ...under('audit', [
      key(
        'keepDays',
        count.min(1).meta({ title: 'days' }),
        'Days for which its entries are kept.',
        (settings, value) => {
          settings.operations.auditDays = value;
        },
        { default: 400 },
      ),
      key(
        'keepEntries',
        count.min(1000).meta({ title: 'a whole number from 1000' }),
        'How many entries are kept at most; the oldest go first.',
        (settings, value) => {
          settings.operations.auditEntries = value;
        },
        { default: 1_000_000 },
      ),
    ]),
    section('clusters', 'Dask clusters: limits and life time.'),
    ...under('clusters', [
      key('maxWorkers', count, 'Workers that one cluster may have.', (settings, value) => {
        settings.clusters.maxWorkers = value;
      }),
      key('maxCores', cores, 'Cores that one cluster may have, its scheduler counted.', (settings, value) => {
        settings.clusters.maxCores = value;
      }),
      key('maxMemory', memory, 'Memory that one cluster may have, its scheduler counted.', (settings, value) => {
        settings.clusters.maxMemory = value;
      }),
      key(
        'idleTimeout',
        seconds,
        'Seconds without work after which a cluster ends itself; 0: never.',
        (settings, value) => {
          settings.clusters.idleTimeoutSeconds = value;
        },
        { default: 0 },
      ),
      key(
        'adaptivePeriod',
        positive,
        'Seconds between two looks of an adaptive cluster.',
        (settings, value) => {
          settings.clusters.adaptivePeriodSeconds = value;
        },
        { default: 3 },
      ),
      key(
        'startTimeout',
        positive,
        'Seconds that a scheduler or worker may take to start.',
        (settings, value) => {
          settings.clusters.startTimeoutSeconds = value;
        },
        { default: 60 },
      ),
      ...clusterKeys,
    ]),
  ]),
];
