import { z } from 'zod';

/** A line of a settings file, as the Python process names it. */
export const lineSchema = z.object({ file: z.string(), line: z.int() });
/** See {@link lineSchema}. */
export type Line = z.infer<typeof lineSchema>;

/** What is told of an exception; python/bridge/atoll_bridge/failure.py makes it. */
export const failureSchema = z.object({
  /** The last line of the traceback, such as `KeyError: 'x'`. */
  reason: z.string(),
  /** What the exception says by itself. */
  message: z.string(),
  /** The name of its class. */
  name: z.string(),
  /** The innermost line of the settings that it went through. */
  place: lineSchema.nullable(),
  /** A `raise` of the settings made it: its message is meant for people. */
  deliberate: z.boolean(),
  /** For the log; null where `deliberate`. */
  traceback: z.string().nullable(),
  /** That of an HTTPError. */
  status: z.int().nullable(),
});
/** See {@link failureSchema}. */
export type PythonFailure = z.infer<typeof failureSchema>;

/** A message of the Python process. */
export const messageSchema = z.union([
  z.object({ began: z.int() }),
  z.object({ where: lineSchema.nullable() }),
  z.object({ id: z.int(), result: z.unknown() }),
  z.object({ id: z.int(), error: failureSchema }),
]);

/** A request to the Python process. */
export interface PythonRequest {
  op: string;
  [name: string]: unknown;
}

/** One snippet as it is handed over. */
export interface SnippetMessage {
  name: string;
  chart: 'hub' | 'gateway';
  file: string;
  /** The line of the file at which the text begins. */
  line: number;
  /** Whether the text's lines are the file's; otherwise all of it counts as at `line`. */
  exact: boolean;
  source: string;
}

/** What is loaded into a process: everything that the snippets may see. */
export interface LoadMessage {
  snippets: SnippetMessage[];
  values: { jupyterhub: unknown; 'dask-gateway': unknown };
  /** Environment variables. */
  variables: Record<string, string>;
}

/** Snippets, and what they came to when they were loaded. */
export interface KnownPython {
  message: LoadMessage;
  loaded: LoadedPython;
}

/** The functions that operations call. */
export const hookNames = [
  'apply_user_options',
  'auth_state_groups_key',
  'auth_state_hook',
  'environment',
  'modify_auth_state_hook',
  'options_form',
  'options_from_form',
  'post_auth_hook',
  'post_stop_hook',
  'pre_spawn_hook',
  'profile_list',
  'refresh_user_hook',
  'username_claim',
] as const;
/** See {@link hookNames}. */
export type HookName = (typeof hookNames)[number];

/** What a load comes to. */
export const loadedSchema = z.object({
  /** What the snippets set: `c.SECTION.TRAIT = value`. */
  traits: z.array(
    z.object({
      chart: z.enum(['hub', 'gateway']),
      section: z.string(),
      trait: z.string(),
      value: z.unknown(),
      place: lineSchema.nullable(),
    }),
  ),
  hooks: z.array(z.object({ name: z.enum(hookNames), place: lineSchema.nullable() })),
  clusterOptions: z.enum(['none', 'static', 'perUser']),
  /** Whether any snippet speaks of auth_state: only then it is handed over. */
  usesAuthState: z.boolean(),
  problems: z.array(
    z.object({
      /** The exception; null: something that is not carried over. */
      failure: failureSchema.nullable(),
      /** The hub must not run without it. */
      fatal: z.boolean(),
      message: z.string(),
      /** How to do without. */
      instead: z.string().nullable(),
      place: lineSchema.nullable(),
    }),
  ),
});
/** See {@link loadedSchema}. */
export type LoadedPython = z.infer<typeof loadedSchema>;
