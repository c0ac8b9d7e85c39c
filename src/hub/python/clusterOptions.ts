import { z } from 'zod';
import type { Bridge } from '../../bridge/bridge.ts';
import type { BridgeHolder } from '../../bridge/bridgeHolder.ts';
import type { LoadedPython, PythonRequest } from '../../bridge/messages.ts';
import type { ClusterOptions, ClusterUser } from '../../clusters/clusterOptions.ts';
import type { OptionField } from '../../clusters/optionFields.ts';
import { AtollError } from '../../core/errors.ts';

/** Milliseconds that a handler, or a function that makes options, may take. */
const handlerMs = 10_000;

const base = z.object({ field: z.string(), label: z.string(), target: z.string() });
const bound = z
  .number()
  .nullish()
  .transform((value) => value ?? undefined);
const map = z.record(z.string(), z.unknown());

/** A field as dask-gateway's `Options.get_specification()` shows it, with its target. */
const fieldSchema = z.union([
  base
    .extend({ default: z.string(), spec: z.object({ type: z.literal('string') }) })
    .transform(({ spec, ...field }) => ({ ...field, ...spec })),
  base
    .extend({ default: z.boolean(), spec: z.object({ type: z.literal('bool') }) })
    .transform(({ spec, ...field }) => ({ ...field, ...spec })),
  base
    .extend({ default: z.number(), spec: z.object({ type: z.enum(['int', 'float']), min: bound, max: bound }) })
    .transform(({ spec: { type, min, max }, ...field }) => ({
      ...field,
      type,
      ...(min !== undefined && { min }),
      ...(max !== undefined && { max }),
    })),
  base
    .extend({ default: z.string(), spec: z.object({ type: z.literal('select'), options: z.array(z.string()).min(1) }) })
    // What each key stands for stays in Python.
    .transform(({ spec: { type, options }, ...field }) => ({
      ...field,
      type,
      options: options.map((key) => ({ key, value: key })),
    })),
  base
    .extend({ default: map, spec: z.object({ type: z.literal('mapping') }) })
    .transform(({ spec, ...field }) => ({ ...field, ...spec })),
]);

/**
 * What users may choose about their clusters: `c.Backend.cluster_options` of the settings' Python when it sets that, else
 * what `declared` says.
 */
export function clusterOptionsFrom(
  holder: BridgeHolder,
  declared: (user: ClusterUser) => ClusterOptions,
): (user: ClusterUser) => Promise<ClusterOptions> | ClusterOptions {
  // Options that do not depend on the user are asked for once.
  let fixed: { loaded: LoadedPython; fields: OptionField[] } | undefined;

  return async (user) => {
    const bridge = holder.current;
    const loaded = bridge?.loaded;
    if (!bridge || !loaded || loaded.clusterOptions === 'none') return declared(user);
    let fields = fixed?.loaded === loaded ? fixed.fields : undefined;
    if (!fields) {
      fields = await fieldsFor(bridge, user);
      if (loaded.clusterOptions === 'static') fixed = { loaded, fields };
    }
    return { fields, handler: (_, person, chosen) => configurationOf(bridge, person, chosen) };
  };
}

async function fieldsFor(bridge: Bridge, user: ClusterUser): Promise<OptionField[]> {
  const result = z.array(fieldSchema).safeParse(await perform(bridge, { op: 'clusterOptions', user: toMessage(user) }));
  if (!result.success)
    throw new AtollError('ATOLL_PYTHON_FAILED', 'c.Backend.cluster_options holds a field of an unknown kind.');
  return result.data;
}

async function configurationOf(
  bridge: Bridge,
  user: ClusterUser,
  values: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  return map.parse(await perform(bridge, { op: 'clusterConfig', user: toMessage(user), values }));
}

/** What a handler raises on purpose is about the options that were chosen. */
async function perform(bridge: Bridge, request: PythonRequest): Promise<unknown> {
  try {
    return await bridge.perform(request, handlerMs);
  } catch (error) {
    if (error instanceof AtollError && error.code === 'ATOLL_PYTHON_REFUSED')
      throw new AtollError('ATOLL_CLUSTER_OPTIONS_INVALID', error.message, { cause: error });
    throw error;
  }
}

function toMessage({ name, groups, admin }: ClusterUser): object {
  return { name, groups: [...groups], admin };
}
