import { type LabelsOf, type MetricName, type MetricRow, metricTable } from './metricTable.ts';

/** The content type of {@link Metrics.render}: Prometheus' text format. */
export const metricsContentType = 'text/plain; version=0.0.4; charset=utf-8';

/** One series: a metric with values for its labels. */
interface Series {
  /** `{method="GET",code="200"}`, or nothing. */
  labels: string;
  /** Of a counter or gauge: its value. Of a histogram: the sum of all values. */
  value: number;
  /** Of a histogram: how many values are in each class; the last has those above all bounds. */
  counts: number[];
}

/** Finds values that hold at the moment at which somebody looks. */
export type Collector = (metrics: Metrics) => Promise<void> | void;

type Labels<Name extends MetricName> = [keyof LabelsOf<Name>] extends [never] ? [] : [LabelsOf<Name>];

/** The metrics of {@link metricTable}, in memory: they begin at zero when the hub starts. Noting a value takes less than 1 µs. */
export class Metrics {
  readonly #series = new Map<MetricName, Map<string, Series>>();
  readonly #collectors: Collector[] = [];

  constructor() {
    for (const name of Object.keys(metricTable) as MetricName[]) {
      this.#series.set(name, new Map());
      for (const values of metricTable[name].series) this.#seriesOf(name, values);
    }
  }

  /** Adds to a counter. */
  add<Name extends MetricName>(name: Name, amount: number, ...[labels]: Labels<Name>): void {
    this.#seriesOf(name, valuesOf(name, labels)).value += amount;
  }

  /** Sets a gauge, or a counter that somebody else counts. */
  set<Name extends MetricName>(name: Name, value: number, ...[labels]: Labels<Name>): void {
    this.#seriesOf(name, valuesOf(name, labels)).value = value;
  }

  /** Puts a value into a histogram. */
  observe<Name extends MetricName>(name: Name, value: number, ...[labels]: Labels<Name>): void {
    const series = this.#seriesOf(name, valuesOf(name, labels));
    const { buckets } = metricTable[name];
    let index = 0;
    while (index < buckets.length && value > (buckets[index] ?? 0)) index += 1;
    series.counts[index] = (series.counts[index] ?? 0) + 1;
    series.value += value;
  }

  /** Forgets all series of a gauge: those that are not set again are gone. */
  clear(name: MetricName): void {
    this.#series.get(name)?.clear();
  }

  /** Has `collector` find its values whenever somebody looks. */
  collect(collector: Collector): void {
    this.#collectors.push(collector);
  }

  /** All metrics in Prometheus' text format. */
  async render(): Promise<string> {
    for (const collector of this.#collectors) await collector(this);
    const lines: string[] = [];
    for (const [name, series] of this.#series) {
      const row: MetricRow = metricTable[name];
      lines.push(`# HELP ${name} ${row.help}`, `# TYPE ${name} ${row.kind}`);
      for (const one of series.values())
        if (row.kind === 'histogram') pushHistogram(lines, name, row, one);
        else lines.push(`${name}${one.labels} ${one.value}`);
    }
    return `${lines.join('\n')}\n`;
  }

  #seriesOf(name: MetricName, values: readonly string[]): Series {
    const known = this.#series.get(name) as Map<string, Series>;
    const key = values.join('\u0000');
    const found = known.get(key);
    if (found) return found;
    const row: MetricRow = metricTable[name];
    const counts = row.kind === 'histogram' ? Array.from({ length: row.buckets.length + 1 }, () => 0) : [];
    const made = { labels: labelsText(row.labels, values), value: 0, counts };
    known.set(key, made);
    return made;
  }
}

function valuesOf(name: MetricName, labels: Readonly<Record<string, string>> | undefined): string[] {
  return metricTable[name].labels.map((label: string) => labels?.[label] ?? '');
}

function labelsText(names: readonly string[], values: readonly string[]): string {
  if (names.length === 0) return '';
  return `{${names.map((name, index) => `${name}="${escapeValue(values[index] ?? '')}"`).join(',')}}`;
}

function escapeValue(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function pushHistogram(lines: string[], name: string, { buckets }: MetricRow, { labels, value, counts }: Series): void {
  const begin = labels === '' ? '{' : `${labels.slice(0, -1)},`;
  let total = 0;
  for (const [index, count] of counts.entries()) {
    total += count;
    lines.push(`${name}_bucket${begin}le="${buckets[index] ?? '+Inf'}"} ${total}`);
  }
  lines.push(`${name}_sum${labels} ${value}`, `${name}_count${labels} ${total}`);
}
