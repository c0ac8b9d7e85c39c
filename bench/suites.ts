import { apiRequests } from './api/requests.ts';
import { edgeCaseNames } from './edge/cases.ts';
import { cases as kubernetesCases } from './kubernetes/cases.ts';
import { noise } from './soak/sample.ts';

/** A part of the bench: a program that hands its figures in. */
export interface Suite {
  name: string;
  about: string;
  /** In this folder. */
  file: string;
  /** Roughly, of the whole form. */
  minutes: number;
  /**
   * The names of all cases of the whole form, without the suite's. What is not handed in is reported as missing, and a name
   * that is not here as a failure: so no goal (goals.json) loses its case unseen.
   */
  cases: readonly string[];
  /** Arguments of the whole form. Default: none. */
  words?: readonly string[];
  /** Arguments of the short form, some forty seconds long; undefined: it has none. */
  short?: readonly string[];
  /** Arguments with which one case (or a part with it) is run once more under a profiler; undefined: that makes no sense. */
  profile?: (caseName: string) => readonly string[] | undefined;
  /** It takes too long for a run of everything, and is run when it is named. */
  onlyNamed?: boolean;
}

const userCounts = ['1,000 users', '10,000 users', '50,000 users'];

/** All suites, in the order in which they run. */
export const suites: readonly Suite[] = [
  {
    name: 'edge',
    about: 'the edge beside configurable-http-proxy and nginx',
    file: 'edge/edge.ts',
    minutes: 3.5,
    cases: edgeCaseNames,
    short: [
      '--rounds=3',
      '--seconds=1',
      ...['100-byte responses', '1 MiB responses', 'WebSocket echo of 100 bytes'].map((name) => `--case=${name}`),
    ],
    profile: (name) => ['--rounds', '1', '--seconds', '4', '--case', name],
  },
  {
    name: 'servers',
    about: 'start-up, memory and starts of JupyterLab beside JupyterHub',
    file: 'servers.ts',
    minutes: 3,
    cases: [
      'start to the first answer',
      'npm start, the second time',
      "a user's first start to JupyterLab",
      'the same in the moment the program answers',
      'a warm start to JupyterLab',
      'memory of hub and proxy, idle, one user',
      'memory of hub and proxy after some starts',
    ],
    short: ['--rounds', '1'],
    profile: () => ['--rounds', '1', '--without-peer'],
  },
  {
    name: 'starts',
    about: 'starts on the process runtime, by fork servers beside plain ones',
    file: 'starts.ts',
    minutes: 1.5,
    cases: [
      'JupyterLab',
      'a scheduler',
      'a worker',
      "a user's first JupyterLab, no spare fork server",
      "a user's first JupyterLab, with a spare fork server",
    ].flatMap((name) => [name, `${name}, CPU`, `${name}, memory`]),
  },
  {
    name: 'settings',
    about: 'what it costs to look at settings files, good and hostile ones',
    file: 'settings.ts',
    minutes: 0.5,
    cases: [
      'check of three real files',
      'memory of that check',
      'a 10 MB file is refused',
      'a billion laughs are refused',
      '10,000 levels are refused',
    ],
    short: ['--rounds', '8'],
  },
  {
    name: 'reload',
    about: 'how long new settings keep the hub from doing anything else',
    file: 'reload.ts',
    minutes: 0.2,
    cases: ['event loop held, 500 profile choices', '500 profile choices in all'],
    short: [],
    profile: () => [],
  },
  {
    name: 'clusters',
    about: 'Dask clusters beside dask-gateway and schedulers started by hand',
    file: 'clusters.ts',
    minutes: 4,
    cases: [
      'new cluster to a connected client',
      'to the first result',
      'scale(4) to 4 workers, warm',
      'scale(4) to 4 workers, no fork server',
      'adapt() from no worker to a result',
      'submit round trip',
      'submit round trip through the edge',
      '100 MB scatter and gather',
      '100 MB scatter and gather through the edge',
      'hub CPU a cluster, 100 at once',
      'slowest request, 100 at once',
      'GET /clusters/ with 1,000 clusters',
    ],
  },
  {
    name: 'api',
    about: "the hub's API beside JupyterHub",
    file: 'api.ts',
    minutes: 5,
    cases: userCounts.flatMap((users) => [
      ...apiRequests.flatMap(({ title: route }) => [
        `${route}, ${users}`,
        `${route}, CPU, ${users}`,
        `p99 of ${route}, ${users}`,
        `${route}, cold, ${users}`,
      ]),
      `memory of hub and proxy after the load, ${users}`,
    ]),
    short: ['--rounds', '3', '--seconds', '1', '--users', '1000', '--peers', '6.1'],
    profile: (name) => {
      const [, users = ''] = /([\d,]+) users$/.exec(name) ?? [];
      const request = apiRequests.find(({ title }) => name.includes(`${title},`));
      const only = request === undefined ? [] : ['--only', request.title];
      return ['--rounds', '1', '--seconds', '5', '--users', users.replaceAll(',', ''), '--peers', '', ...only];
    },
  },
  {
    name: 'scale',
    about: '50,000 users; stub servers, many at once, and a restart with 1,000 of them, beside JupyterHub',
    file: 'scale.ts',
    minutes: 3.5,
    cases: [
      'start to Ready, 50,000 users',
      'a page of 200 users straight after start',
      'memory of the hub, 50,000 users',
      '1 stub server',
      '100 servers at once',
      '1,000 servers at once',
      '1,000 servers at once, CPU each',
      'slowest GET /health meanwhile',
      'restart with 1,000 servers',
    ],
    profile: (name) => {
      const part = name.startsWith('restart') ? 'restart' : /users/.test(name) ? 'users' : 'starts';
      return ['--rounds', '1', '--peers', '', '--only', part];
    },
  },
  {
    name: 'kubernetes',
    about: 'pods by the thousand on a real control plane, beside a bare loop of requests, and a deployment',
    file: 'kubernetes.ts',
    minutes: 4.5,
    cases: kubernetesCases.map((one) => one.case.slice('kubernetes/'.length)),
    profile: (name) => (name.startsWith('deploy') ? undefined : ['--rounds', '1', '--only', 'burst']),
  },
  {
    name: 'edge-soak',
    about: 'does the edge give everything back after ten minutes of load, much of it broken off',
    file: 'edge/soak.ts',
    minutes: 10,
    cases: ['growth of the heap', 'growth of resident memory'],
    onlyNamed: true,
  },
  {
    name: 'cluster-soak',
    about: 'ten clusters that compute for ten minutes, while hub and edge are killed',
    file: 'clusterSoak.ts',
    minutes: 12,
    cases: ['wrong results', 'clusters lost', 'processes left'],
    onlyNamed: true,
  },
  {
    name: 'soak',
    about: 'does a whole Atoll give everything back after an hour of mixed load',
    file: 'soak.ts',
    minutes: 65,
    cases: Object.keys(noise).map((name) => `growth of ${name}`),
    onlyNamed: true,
  },
];
