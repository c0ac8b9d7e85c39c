import type { Figure } from '../report/figure.ts';

type Case = Pick<Figure, 'case' | 'unit' | 'better'>;

const of = (name: string, unit: string, better: Figure['better']): Case => ({
  case: `kubernetes/${name}`,
  unit,
  better,
});

/** What is measured, under the names of `goals.json`. */
export const created = of('pods created a second, scale(1000)', 'pods/s', 'more');
export const running = of('scale(1000) until all run', 's', 'less');
export const hubCpu = of('CPU of the hub, scale(1000)', 'cores', 'less');
export const hubCpuOfPod = of('CPU of the hub a pod, from its creation until it runs', 'ms', 'less');
export const slowestPage = of('a page during scale(1000), p99', 'ms', 'less');
export const memory = of('memory of the hub, 5,000 pods watched', 'MB', 'less');
export const lateness = of("from an event to the hub's answer, p99", 'ms', 'less');
export const lost = of('spawns lost or stuck, of 500 with 100 cut watches', '', 'less');

export const deployed = of("deploy of the seed's file to healthy", 's', 'less');

export const cases: readonly Case[] = [
  created,
  running,
  hubCpu,
  hubCpuOfPod,
  slowestPage,
  memory,
  lateness,
  lost,
  deployed,
];
