import { AtollError, messageOf } from '../core/errors.ts';
import { checkOptions, type OptionField, targetsOf } from './optionFields.ts';
import type { PythonValue } from './pythonJson.ts';

/** For whom a cluster is made, as handlers of options see it (dask-gateway's `User`). */
export interface ClusterUser {
  name: string;
  groups: readonly string[];
  admin: boolean;
}

/** What people may choose when they make a cluster, and what becomes of it. */
export interface ClusterOptions {
  /** In the order in which people see them. */
  fields: readonly OptionField[];
  /**
   * Turns the chosen values (by target; `chosen` has them by field) into configuration, under dask-gateway's names such as
   * `worker_memory`; may refuse by throwing, whose message the person gets. Default: the values are the configuration.
   */
  handler?: (
    values: Record<string, unknown>,
    user: ClusterUser,
    chosen: Record<string, unknown>,
  ) => Promise<Record<string, unknown>> | Record<string, unknown>;
}

/** What somebody chose. */
export interface ChosenOptions {
  /** By field name, as the client sees it again in the cluster's `options`. */
  values: Record<string, unknown>;
  /** Configuration under dask-gateway's names. */
  overrides: Record<string, unknown>;
}

/**
 * Checks what somebody asked for and turns it into configuration.
 * @throws AtollError `ATOLL_CLUSTER_OPTIONS_INVALID`
 */
export async function chooseOptions(
  options: ClusterOptions,
  request: PythonValue,
  user: ClusterUser,
): Promise<ChosenOptions> {
  const values = checkOptions(options.fields, request);
  const targets = targetsOf(options.fields, values);
  return { values, overrides: options.handler ? await handle(options.handler, targets, user, values) : targets };
}

async function handle(
  handler: NonNullable<ClusterOptions['handler']>,
  targets: Record<string, unknown>,
  user: ClusterUser,
  chosen: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  try {
    return await handler(targets, user, chosen);
  } catch (error) {
    if (error instanceof AtollError) throw error;
    throw new AtollError('ATOLL_CLUSTER_OPTIONS_INVALID', messageOf(error), { cause: error });
  }
}
