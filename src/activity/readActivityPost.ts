import { z } from 'zod';
import { AtollError } from '../core/errors.ts';

/** What a single-user server says about activity; milliseconds since the epoch. */
export interface ReportedActivity {
  /** Of the user altogether. */
  userActivity?: number;
  /** By server name. */
  servers: Readonly<Record<string, number>>;
}

/** Clocks differ, but not by more than this. */
const furthestFutureMs = 59 * 60 * 1000;

const bodySchema = z.object({
  last_activity: z.string().optional(),
  servers: z.record(z.string(), z.object({ last_activity: z.string() })).optional(),
});

/**
 * Reads the body of `POST /users/NAME/activity`.
 * @throws AtollError `ATOLL_BAD_REQUEST`
 */
export function readActivityPost(body: unknown, now: number): ReportedActivity {
  const parsed = bodySchema.safeParse(body);
  if (!parsed.success) throw new AtollError('ATOLL_BAD_REQUEST', z.prettifyError(parsed.error));
  const { last_activity, servers } = parsed.data;
  if (last_activity === undefined && servers === undefined)
    throw new AtollError('ATOLL_BAD_REQUEST', 'body must contain at least one of `last_activity` or `servers`');
  const times = Object.entries(servers ?? {}).map(([name, report]) => [name, readTime(report.last_activity, now)]);
  return {
    ...(last_activity !== undefined && { userActivity: readTime(last_activity, now) }),
    servers: Object.fromEntries(times),
  };
}

function readTime(text: string, now: number): number {
  const at = parseTime(text);
  if (at === undefined) throw new AtollError('ATOLL_BAD_REQUEST', `Not a valid timestamp: ${text.slice(0, 100)}`);
  if (at > now + furthestFutureMs)
    throw new AtollError(
      'ATOLL_BAD_REQUEST',
      `Rejecting activity from more than an hour in the future: ${new Date(at).toISOString()}`,
    );
  return at;
}

/** ISO 8601, any offset; without one it is UTC. Digits beyond milliseconds are dropped. */
function parseTime(text: string): number | undefined {
  const match = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)\s*(Z|[+-]\d\d:?\d\d)?)?$/i.exec(text.trim());
  if (!match) return undefined;
  const [, date, time = '00:00', offset = 'Z'] = match;
  const colonOffset = offset.length === 5 ? `${offset.slice(0, 3)}:${offset.slice(3)}` : offset;
  const [clock = '', fraction = ''] = time.split('.');
  const milliseconds = fraction === '' ? '' : `.${fraction.slice(0, 3)}`;
  const at = Date.parse(`${date}T${clock}${milliseconds}${colonOffset.toUpperCase()}`);
  return Number.isNaN(at) ? undefined : at;
}
