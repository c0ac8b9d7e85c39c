import { type Usage, type UsageQuestion, usageKinds } from '../../clusters/usage.ts';
import { AtollError } from '../../core/errors.ts';

/** The columns of the export, in order: JSON keys and CSV headings. */
const columns = [
  'day',
  'name',
  'user',
  'core_seconds_requested',
  'byte_seconds_requested',
  'core_seconds_used',
  'byte_seconds_used',
] as const;

type UsageModel = Record<(typeof columns)[number], string | number | undefined>;

/** How many days back an answer goes when nobody says. */
const defaultDays = 30;
const dayMs = 86_400_000;

/**
 * `by` (`user`, `group` or `cluster`; default `user`), `from` and `to` (days, UTC; default: today, and 30 days before),
 * `format` (`json` or `csv`) of a query.
 * @throws AtollError `ATOLL_GATEWAY_QUERY_INVALID`
 */
export function usageQuestionFrom(
  query: Record<string, string | undefined>,
  now: Date,
): { question: UsageQuestion; format: 'json' | 'csv' } {
  const by = usageKinds.find((kind) => kind === (query.by ?? 'user'));
  if (by === undefined) throw invalid(`by must be one of ${usageKinds.join(', ')}`);
  const format = query.format ?? 'json';
  if (format !== 'json' && format !== 'csv') throw invalid('format must be json or csv');
  const to = dayFrom('to', query.to, now);
  const from = dayFrom('from', query.from, new Date(Date.parse(to) - defaultDays * dayMs));
  if (from > to) throw invalid(`from must not be after to, got ${from} and ${to}`);
  return { question: { by, from, to }, format };
}

/** As JSON. */
export function usageModelOf(usage: Usage): UsageModel {
  return {
    day: usage.day,
    name: usage.name,
    user: usage.user,
    core_seconds_requested: Math.round(usage.coreSecondsRequested * 1000) / 1000,
    byte_seconds_requested: Math.round(usage.byteSecondsRequested),
    core_seconds_used: Math.round(usage.coreSecondsUsed * 1000) / 1000,
    byte_seconds_used: Math.round(usage.byteSecondsUsed),
  };
}

/** As CSV (RFC 4180). */
export function usageCsv(usage: readonly Usage[]): string {
  const lines = usage.map(usageModelOf).map((model) => columns.map((column) => csvCell(model[column])).join(','));
  return [columns.join(','), ...lines, ''].join('\r\n');
}

/** As a file to keep. */
export function csvAnswer(usage: readonly Usage[]): Response {
  return new Response(usageCsv(usage), {
    headers: {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': 'attachment; filename="usage.csv"',
    },
  });
}

/** A name that begins like a formula is not one: spreadsheets would compute it. */
function csvCell(value: string | number | undefined): string {
  if (typeof value === 'number' || value === undefined) return String(value ?? '');
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function dayFrom(name: string, value: string | undefined, otherwise: Date): string {
  if (value === undefined) return otherwise.toISOString().slice(0, 10);
  const at = /^\d{4}-\d\d-\d\d$/.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(at)) throw invalid(`${name} must be a day such as 2026-11-24`);
  return value;
}

function invalid(message: string): AtollError {
  return new AtollError('ATOLL_GATEWAY_QUERY_INVALID', message);
}
