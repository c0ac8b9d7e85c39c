import { AtollError } from '../core/errors.ts';
import type { Scaling } from './cluster.ts';
import { PythonFloat, type PythonValue, pythonStr } from './pythonJson.ts';

/** More workers than any scheduler can lead; asking for more is a slip of the finger. */
const mostWorkers = 100_000;

/** What somebody asked for and what they get. */
export interface ScalingRequest {
  scaling: Scaling;
  /** Why they get less than they asked for, in dask-gateway's words; undefined: they get it. */
  warning: string | undefined;
}

/**
 * `scale`: a fixed number of workers, within the cluster's limit.
 * @throws AtollError `ATOLL_CLUSTER_SCALE_INVALID`
 */
export function fixedScaling(count: PythonValue, maxWorkers: number | null): ScalingRequest {
  const wanted = wholeNumber(count);
  if (wanted === undefined)
    throw new AtollError(
      'ATOLL_CLUSTER_SCALE_INVALID',
      `Scale expects a non-negative integer, got ${pythonStr(count)}`,
    );
  if (wanted <= (maxWorkers ?? mostWorkers)) return { scaling: { mode: 'fixed', count: wanted }, warning: undefined };
  if (maxWorkers === null)
    throw new AtollError(
      'ATOLL_CLUSTER_SCALE_INVALID',
      `Scale expects at most ${mostWorkers} workers, got ${pythonStr(numberOf(count))}`,
    );
  return {
    scaling: { mode: 'fixed', count: maxWorkers },
    warning: `Scale request of ${pythonStr(numberOf(count))} workers would exceed resource limit of ${maxWorkers} workers. Scaling to ${maxWorkers} instead.`,
  };
}

/**
 * `adapt`: a range of workers, within the cluster's limit. `None` is no bound, and an infinite maximum the same.
 * dask-gateway passes anything on; here what makes no range is refused.
 * @throws AtollError `ATOLL_CLUSTER_SCALE_INVALID`
 */
export function adaptiveScaling(minimum: PythonValue, maximum: PythonValue, maxWorkers: number | null): ScalingRequest {
  const least = bound('minimum', minimum);
  const most = isInfinite(maximum) ? null : bound('maximum', maximum);
  if (least !== null && most !== null && least > most)
    throw new AtollError(
      'ATOLL_CLUSTER_SCALE_INVALID',
      `Adapt expects a minimum that is not above the maximum, got minimum=${least}, maximum=${most}`,
    );
  if (maxWorkers === null) return { scaling: { mode: 'adaptive', minimum: least, maximum: most }, warning: undefined };
  const asked = { maximum: isInfinite(maximum) ? 'inf' : String(most ?? maxWorkers), minimum: String(least ?? 0) };
  const given = {
    maximum: Math.min(maxWorkers, most ?? maxWorkers),
    minimum: Math.min(maxWorkers, least ?? 0),
  };
  const exceeds = isInfinite(maximum) || (most ?? 0) > maxWorkers || (least ?? 0) > maxWorkers;
  return {
    scaling: { mode: 'adaptive', ...given },
    warning: exceeds
      ? `Adapt with \`maximum=${asked.maximum}, minimum=${asked.minimum}\` workers would exceed resource limit of ${maxWorkers} workers. Using \`maximum=${given.maximum}, minimum=${given.minimum}\` instead.`
      : undefined,
  };
}

function bound(name: string, value: PythonValue): number | null {
  if (value === null) return null;
  const number = value instanceof PythonFloat && Number.isInteger(value.value) ? value.value : wholeNumber(value);
  if (number === undefined || number < 0)
    throw new AtollError(
      'ATOLL_CLUSTER_SCALE_INVALID',
      `Adapt expects a non-negative integer or None as ${name}, got ${pythonStr(value)}`,
    );
  return number;
}

/** A Python `int` that is not negative (`True` is 1), or undefined. */
function wholeNumber(value: PythonValue): number | undefined {
  const number = numberOf(value);
  return typeof number === 'bigint' && number >= 0n ? Number(number) : undefined;
}

function numberOf(value: PythonValue): PythonValue {
  return typeof value === 'boolean' ? BigInt(value) : value;
}

function isInfinite(value: PythonValue): boolean {
  return value instanceof PythonFloat && value.value === Number.POSITIVE_INFINITY;
}
