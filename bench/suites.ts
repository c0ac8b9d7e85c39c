/** A part of the bench: a program that hands its figures in. */
export interface Suite {
  name: string;
  about: string;
  /** In this folder. */
  file: string;
  /** Roughly, of the whole form. */
  minutes: number;
  /** Arguments of the short form, some forty seconds long; undefined: it has none. */
  short?: string[];
}

/** All suites, in the order in which they run. */
export const suites: readonly Suite[] = [
  {
    name: 'edge',
    about: 'the edge beside configurable-http-proxy and nginx',
    file: 'edge/edge.ts',
    minutes: 6,
    short: ['--rounds', '3', '--seconds', '1', '--only', '100'],
  },
  {
    name: 'servers',
    about: 'start-up, memory and starts of JupyterLab beside JupyterHub',
    file: 'servers.ts',
    minutes: 5,
    short: ['--rounds', '1'],
  },
  {
    name: 'starts',
    about: 'starts on the process runtime, by fork servers beside plain ones',
    file: 'starts.ts',
    minutes: 3,
  },
  {
    name: 'settings',
    about: 'what it costs to look at settings files, good and hostile ones',
    file: 'settings.ts',
    minutes: 1,
    short: ['--rounds', '8'],
  },
  {
    name: 'clusters',
    about: 'Dask clusters beside dask-gateway and schedulers started by hand',
    file: 'clusters.ts',
    minutes: 6,
  },
  {
    name: 'api',
    about: "the hub's API beside JupyterHub",
    file: 'api.ts',
    minutes: 4,
    short: ['--rounds', '1', '--seconds', '1', '--users', '200'],
  },
  {
    name: 'scale',
    about: '50,000 users, and 1,000 servers at once beside JupyterHub',
    file: 'scale.ts',
    minutes: 4,
  },
];
