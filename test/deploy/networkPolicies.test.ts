import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from 'kubernetes-types/networking/v1.js';
import { describe, expect, test } from 'vitest';
import { defaultSettings, type Settings } from '../../src/config/settings.ts';
import { renderRelease } from '../../src/deploy/renderRelease.ts';

/** One end of a connection: a pod by its labels, or an address outside. */
type End = { labels: Record<string, string> } | { address: string };

function policiesOf(settings: Settings): NetworkPolicy[] {
  const release = {
    name: 'dhub',
    namespace: 'dhub',
    settings,
    inputs: [],
    image: 'atoll:1',
    controlToken: 'x'.repeat(64),
  };
  return renderRelease(release).filter(({ kind }) => kind === 'NetworkPolicy') as unknown as NetworkPolicy[];
}

/** What a network that enforces policies does: a pod that a policy selects may do only what some policy allows. */
function passes(policies: readonly NetworkPolicy[], from: End, to: End, port: number, protocol = 'TCP'): boolean {
  return (
    allows(
      policies,
      from,
      to,
      (policy) => policy.spec?.egress?.map((rule) => ({ peers: rule.to, ports: rule.ports })),
      port,
      protocol,
    ) &&
    allows(
      policies,
      to,
      from,
      (policy) => policy.spec?.ingress?.map((rule) => ({ peers: rule.from, ports: rule.ports })),
      port,
      protocol,
    )
  );
}

interface Rule {
  peers?: NetworkPolicyPeer[] | undefined;
  ports?: NetworkPolicyPort[] | undefined;
}

function allows(
  policies: readonly NetworkPolicy[],
  self: End,
  other: End,
  rulesOf: (policy: NetworkPolicy) => Rule[] | undefined,
  port: number,
  protocol: string,
): boolean {
  if (!('labels' in self)) return true;
  const selecting = policies.filter(({ spec }) => selects(spec?.podSelector.matchLabels, self.labels));
  if (selecting.length === 0) return true;
  return selecting
    .flatMap((policy) => rulesOf(policy) ?? [])
    .some(
      ({ peers, ports }) =>
        (!peers || peers.length === 0 || peers.some((peer) => isPeer(peer, other))) &&
        (!ports ||
          ports.length === 0 ||
          ports.some((one) => one.port === port && (one.protocol ?? 'TCP') === protocol)),
    );
}

function isPeer({ podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer, end: End): boolean {
  // Addresses of pods are in private networks; policies about addresses may or may not count for them.
  if (ipBlock && 'address' in end)
    return inNetwork(end.address, ipBlock.cidr) && !(ipBlock.except ?? []).some((cidr) => inNetwork(end.address, cidr));
  if (namespaceSelector && !podSelector) return 'labels' in end;
  return podSelector !== undefined && 'labels' in end && selects(podSelector.matchLabels, end.labels);
}

function selects(wanted: Record<string, string> = {}, labels: Record<string, string>): boolean {
  return Object.entries(wanted).every(([key, value]) => labels[key] === value);
}

function inNetwork(address: string, cidr: string): boolean {
  const [network = '', bits = ''] = cidr.split('/');
  if (network.includes(':')) return false;
  const number = (text: string): number => text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(bits));
  return Math.floor(number(address) / size) === Math.floor(number(network) / size);
}

const noService = {
  name: 'docs',
  admin: false,
  display: true,
  oauthNoConfirm: false,
  oauthClientAllowedScopes: [],
  info: {},
};

const hub: End = { labels: { 'atoll/release': 'dhub', component: 'hub' } };
const edge: End = { labels: { 'atoll/release': 'dhub', component: 'edge' } };
const server: End = { labels: { component: 'singleuser-server' } };
const scheduler: End = { labels: { component: 'dask-scheduler' } };
const worker: End = { labels: { component: 'dask-worker' } };
const stranger: End = { labels: { app: 'something-else' } };
const person: End = { address: '203.0.113.7' };
const dns: End = { address: '10.96.0.10' };
const apiServer: End = { address: '10.96.0.1' };
const metadata: End = { address: '169.254.169.254' };
const neighbour: End = { address: '10.1.2.3' };
const ends = { hub, edge, server, scheduler, worker, stranger, person, dns, apiServer, metadata, neighbour };
type EndName = keyof typeof ends;

/** Every flow that Atoll needs (the table of what must be open on Kubernetes). */
const open: readonly [EndName, EndName, number, string?][] = [
  ['person', 'edge', 8000],
  ['edge', 'hub', 8081],
  ['edge', 'hub', 8082],
  ['edge', 'hub', 8083],
  ['edge', 'server', 8888],
  ['edge', 'scheduler', 8786],
  ['edge', 'scheduler', 8787],
  ['hub', 'server', 8888],
  ['hub', 'scheduler', 8787],
  ['hub', 'scheduler', 8788],
  ['hub', 'edge', 8000],
  ['hub', 'apiServer', 443],
  ['hub', 'person', 443],
  ['server', 'edge', 8000],
  ['scheduler', 'edge', 8000],
  ['worker', 'edge', 8000],
  ['worker', 'scheduler', 8786],
  ['scheduler', 'worker', 40_001],
  ['worker', 'worker', 40_001],
  ...(['hub', 'edge', 'server', 'scheduler', 'worker'] as const).flatMap(
    (from): [EndName, EndName, number, string][] => [
      [from, 'dns', 53, 'UDP'],
      [from, 'dns', 53, 'TCP'],
    ],
  ),
  ['server', 'person', 443],
  ['scheduler', 'person', 443],
  ['worker', 'person', 443],
];

/** What somebody would try. */
const tried = [53, 443, 6443, 8000, 8081, 8082, 8083, 8786, 8787, 8788, 8888, 22, 40_001];

describe('network policies', () => {
  const policies = policiesOf(defaultSettings());

  test.each(open)('%s reaches %s at %i', (from, to, port, protocol) => {
    expect(passes(policies, ends[from], ends[to], port, protocol)).toBe(true);
  });

  test('everything else between and around our pods is closed', () => {
    const allowed = new Set(open.map(([from, to, port, protocol = 'TCP']) => `${from} ${to} ${port} ${protocol}`));
    // Where something is open by design whatever the port.
    const ours: EndName[] = ['hub', 'edge', 'server', 'scheduler', 'worker'];
    const free = (from: EndName, to: EndName, port: number): boolean =>
      // The hub calls sign-in providers, databases and the API server, which may be anywhere but in our own pods.
      (from === 'hub' && (!('labels' in ends[to]) || ((port === 443 || port === 6443) && !ours.includes(to)))) ||
      // Dask's data connections have random ports.
      (to === 'worker' && (from === 'worker' || from === 'scheduler')) ||
      // The Internet, from servers and clusters.
      (to === 'person' && (from === 'server' || from === 'scheduler' || from === 'worker'));
    const wrong: string[] = [];
    for (const from of Object.keys(ends) as EndName[])
      for (const to of Object.keys(ends) as EndName[]) {
        if (!ours.includes(from) && !ours.includes(to)) continue;
        for (const port of tried)
          for (const protocol of ['TCP', 'UDP']) {
            if (to === 'edge' && port === 8000 && protocol === 'TCP' && !ours.includes(from)) continue;
            // Name servers are anywhere.
            if (port === 53 && !ours.includes(to)) continue;
            const name = `${from} ${to} ${port} ${protocol}`;
            if (allowed.has(name) || free(from, to, port)) continue;
            if (passes(policies, ends[from], ends[to], port, protocol)) wrong.push(name);
          }
      }
    expect(wrong).toEqual([]);
  });

  test('a server reaches neither the cloud’s metadata, nor the API server, nor private networks, unless the settings say so', () => {
    for (const to of [metadata, apiServer, neighbour]) expect(passes(policies, server, to, 443)).toBe(false);
    const settings = defaultSettings();
    settings.deployment.serverNetworkPolicy.egressAllowRules = {
      privateIPs: true,
      cloudMetadataServer: true,
      nonPrivateIPs: false,
    };
    const others = policiesOf(settings);
    for (const to of [metadata, apiServer, neighbour]) expect(passes(others, server, to, 443)).toBe(true);
    expect(passes(others, server, person, 443)).toBe(false);
  });

  test('the hub reaches a database of the cluster at its port, and nothing else there', () => {
    const settings = defaultSettings();
    settings.database = { url: 'postgresql+psycopg2://hub@db:6000/hub' };
    const others = policiesOf(settings);
    expect(passes(others, hub, stranger, 6000)).toBe(true);
    for (const [from, to, port] of [
      [hub, stranger, 5432],
      [edge, stranger, 6000],
      [server, stranger, 6000],
      [hub, scheduler, 6000],
    ] as const)
      expect(passes(others, from, to, port)).toBe(false);
    expect(passes(policies, hub, stranger, 6000)).toBe(false);
  });

  test('the edge reaches services elsewhere when there are some; those in the hub’s pod are reached by way of the hub', () => {
    const withService = (url: string): NetworkPolicy[] => {
      const settings = defaultSettings();
      settings.services = { docs: { ...noService, url } };
      return policiesOf(settings);
    };
    for (const url of [
      'http://docs:8000',
      'http://docs.web.svc.cluster.local',
      'http://10.1.2.3',
      'http://docs.example.org',
    ])
      for (const to of [stranger, neighbour, person]) expect(passes(withService(url), edge, to, 4000)).toBe(true);
    for (const url of ['http://127.0.0.1:4000', 'http://localhost:4000', 'http://hub:4000', 'http://[::1]:4000'])
      for (const to of [stranger, neighbour, person, hub]) expect(passes(withService(url), edge, to, 4000)).toBe(false);
  });

  test('what the settings add is added: z2jh’s ingress, egress and egressAllowRules', () => {
    const settings = defaultSettings();
    const labelled = { podSelector: { matchLabels: { app: 'something-else' } } };
    settings.deployment.hub.networkPolicy.ingress = [{ from: [labelled], ports: [{ port: 8081, protocol: 'TCP' }] }];
    settings.deployment.serverNetworkPolicy.egress = [{ to: [labelled], ports: [{ port: 5432, protocol: 'TCP' }] }];
    const others = policiesOf(settings);
    expect(passes(policies, stranger, hub, 8081)).toBe(false);
    expect(passes(others, stranger, hub, 8081)).toBe(true);
    expect(passes(others, stranger, hub, 8082)).toBe(false);
    expect(passes(policies, server, stranger, 5432)).toBe(false);
    expect(passes(others, server, stranger, 5432)).toBe(true);
    expect(passes(others, worker, stranger, 5432)).toBe(false);
  });

  test('a policy that is switched off is not there', () => {
    const settings = defaultSettings();
    settings.deployment.hub.networkPolicy.enabled = false;
    expect(policiesOf(settings).map(({ metadata: head }) => head?.name)).not.toContain('hub');
    expect(policiesOf(settings)).toHaveLength(policies.length - 1);
  });
});
