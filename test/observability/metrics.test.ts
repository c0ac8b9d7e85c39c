import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { Metrics } from '../../src/observability/metrics/metrics.ts';
import { metricTable } from '../../src/observability/metrics/metricTable.ts';

const environment = process.env.ATOLL_PYTHON_ENV ?? '';
if (environment === '') throw new Error('ATOLL_PYTHON_ENV must name a Python environment; scripts/test sets it');

/** What Prometheus' own Python library (a dependency of JupyterHub's) makes of the text: the families with their samples. */
function parse(text: string): { name: string; type: string; samples: [string, Record<string, string>, number][] }[] {
  const program = `
import json, sys
from prometheus_client.parser import text_string_to_metric_families
print(json.dumps([
    {"name": f.name, "type": f.type, "samples": [[s.name, s.labels, s.value] for s in f.samples]}
    for f in text_string_to_metric_families(sys.stdin.read())
]))`;
  const output = execFileSync(`${environment}/bin/python`, ['-c', program], { input: text, encoding: 'utf8' });
  return JSON.parse(output) as ReturnType<typeof parse>;
}

test('Prometheus reads what is written: counters, gauges and histograms, with any label', async () => {
  const metrics = new Metrics();
  const labels = { method: 'GET', handler: 'a "quoted" \\ path\nof two lines', code: '200' };
  for (const seconds of [0.004, 0.005, 0.2, 99])
    metrics.observe('jupyterhub_request_duration_seconds', seconds, labels);
  metrics.add('jupyterhub_csp_reports_total', 2);
  metrics.add('jupyterhub_csp_reports_total', 1);
  metrics.set('jupyterhub_active_users', 7, { period: '24h' });
  const families = new Map(parse(await metrics.render()).map((family) => [family.name, family]));
  expect(families.get('jupyterhub_csp_reports')).toMatchObject({
    type: 'counter',
    samples: [['jupyterhub_csp_reports_total', {}, 3]],
  });
  expect(families.get('jupyterhub_active_users')).toMatchObject({
    type: 'gauge',
    samples: [['jupyterhub_active_users', { period: '24h' }, 7]],
  });
  const requests = families.get('jupyterhub_request_duration_seconds');
  expect(requests?.type).toBe('histogram');
  const valueOf = (name: string, le?: string): number | undefined =>
    requests?.samples.find(([sample, own]) => sample.endsWith(name) && own.le === le)?.[2];
  expect(valueOf('_bucket', '0.005')).toBe(2);
  expect(valueOf('_bucket', '0.25')).toBe(3);
  expect(valueOf('_bucket', '10.0') ?? valueOf('_bucket', '10')).toBe(3);
  expect(valueOf('_bucket', '+Inf')).toBe(4);
  expect(valueOf('_count')).toBe(4);
  expect(valueOf('_sum')).toBeCloseTo(99.209, 6);
  expect(requests?.samples[0]?.[1]).toMatchObject(labels);
});

test('everything that JupyterHub measures has its name, kind, labels and classes here', () => {
  const program = `
import json
import jupyterhub.metrics as m
print(json.dumps([
    {"name": v._name, "type": v._type, "labels": list(v._labelnames), "buckets": [b for b in getattr(v, "_upper_bounds", []) if b != float("inf")]}
    for v in vars(m).values() if hasattr(v, "_labelnames")
]))`;
  const output = execFileSync(`${environment}/bin/python`, ['-c', program], { encoding: 'utf8' });
  const theirs = JSON.parse(output) as { name: string; type: string; labels: string[]; buckets: number[] }[];
  expect(theirs.length).toBeGreaterThan(15);
  const table: Record<string, { kind: string; labels: readonly string[]; buckets: readonly number[] }> = metricTable;
  const ours = theirs.map(({ name, type }) => {
    const known = type === 'counter' ? `${name}_total` : name;
    const { kind = 'missing', labels = [], buckets = [] } = table[known] ?? {};
    return { name, type: kind, labels, buckets: kind === 'histogram' ? buckets : [] };
  });
  expect(ours).toEqual(theirs);
});

test('noting a value is cheap', () => {
  const metrics = new Metrics();
  const labels = { method: 'GET', handler: '/hub/api/users/{user}', code: '200' };
  const begun = performance.now();
  for (let n = 0; n < 100_000; n++) metrics.observe('jupyterhub_request_duration_seconds', 0.01, labels);
  // Less than 1 µs each on an idle machine.
  expect(performance.now() - begun).toBeLessThan(3000);
});
