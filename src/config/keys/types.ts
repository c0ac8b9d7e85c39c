import { isIP, isIPv4 } from 'node:net';
import { z } from 'zod';
import { AtollError } from '../../core/errors.ts';
import { parseCores, parseJupyterHubMemory } from '../../core/quantities.ts';

// The kinds of values that keys take. A title is what the reference and error messages call the kind.

export const text = z.string();
export const flag = z.boolean();
export const integer = z.int();
export const count = z.int().min(0).meta({ title: 'a whole number from 0' });
export const seconds = z.number().min(0).meta({ title: 'seconds' });
export const days = z.number().positive().max(3650).meta({ title: 'days' });
export const pageLength = z.int().min(1).max(10_000).meta({ title: 'a whole number from 1' });
export const textList = z.array(text);
export const textMap = z.record(text, text);
export const anything = z.unknown();
export const list = z.array(z.unknown());
export const freeMap = z.record(text, z.unknown());

/** A map with fixed keys inside a value. Keys given as undefined are left out. */
export const closedMap = z.strictObject;

/** A list of maps, such as containers or tolerations. */
export const mapList = z.array(freeMap);

/** A map, or a list of maps: some keys of z2jh take both, so that layers can merge. */
export const mapOrList = z.union([freeMap, mapList]);

/** Names of Kubernetes secrets with which images are pulled: texts, or Kubernetes' `{name}`. */
export const pullSecrets = z
  .array(z.union([text, closedMap({ name: text })]))
  .transform((secrets) => secrets.map((secret) => (typeof secret === 'string' ? secret : secret.name)))
  .meta({ title: 'a list of names of secrets' });

/** Amounts of things that only their device plugin knows, such as `nvidia.com/gpu: 1`. */
export const resourceAmounts = z.record(text, z.union([text, z.number()]));

/** Addresses and networks: `10.0.0.1`, `10.0.0.0/8`, `fd00::/8`. */
export const networks = z
  .array(
    text.refine(isNetwork, 'is neither an IP address nor a network such as 10.0.0.0/8').meta({ title: 'a network' }),
  )
  .meta({ title: 'a list of IP addresses and networks (10.0.0.0/8)' });

function isNetwork(value: string): boolean {
  const [address = '', bits, ...rest] = value.split('/');
  if (isIP(address) === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (isIPv4(address) ? 32 : 128));
}

/** Text that nobody should see: its keys are marked `secret`. */
export const secretText = z.string();

const mapsWithSecretNames = new WeakSet<z.ZodType>();

/** Marks a map as one whose very names are secret: neither they nor paths with them are shown. */
export function withSecretNames<T extends z.ZodType>(map: T): T {
  mapsWithSecretNames.add(map);
  return map;
}

/** Whether a type was marked by {@link withSecretNames}. */
export function hasSecretNames(type: z.ZodType): boolean {
  return mapsWithSecretNames.has(type);
}

/** A program with its arguments; a text alone is a program without arguments. */
export const command = z
  .union([text, z.array(text).min(1)])
  .transform((value) => (typeof value === 'string' ? [value] : value))
  .meta({ title: 'text or a list of text' });

const leastMemory = 2 ** 20;

/** Memory as JupyterHub and dask-gateway read it, in bytes; 0 is "none", less than 1 MiB a forgotten unit. */
export const memory = z
  .union([z.string(), z.number()])
  .transform((value, context) => {
    const bytes = quantity(() => parseJupyterHubMemory(value), context);
    if (bytes > 0 && bytes < leastMemory)
      context.addIssue({ code: 'custom', message: `is only ${bytes} bytes; the unit is missing: 512M, 2G` });
    return bytes;
  })
  .meta({ title: 'memory (512M, 2G; powers of 1024)', ...form(/[KMGT]i?/) });

/** An amount that is handed to Kubernetes as it is written. */
export const kubernetesQuantity = z
  .union([z.string(), z.number()])
  .refine((value) => isKubernetesQuantity(value), 'is no quantity of Kubernetes: 10Gi, 500M, 2')
  .meta({ title: 'an amount as Kubernetes has it (10Gi, 10G; G is 10^9 there)' });

function isKubernetesQuantity(value: string | number): boolean {
  return /^[+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+|m|[kMGTPE]|[KMGTPE]i)?$/.test(String(value));
}

/** CPU cores. */
export const cores = z
  .union([z.string(), z.number()])
  .transform((value, context) => quantity(() => parseCores(value), context))
  .meta({ title: 'cores (2, 0.5, 500m)', ...form(/m/) });

/** How an amount looks, for the JSON Schema. */
function form(unit: RegExp): { pattern: string; minimum: number } {
  const number = String.raw`[+-]?(?:\d+(?:_\d+)*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?`;
  return { pattern: String.raw`^\s*${number}\s*(?:${unit.source})?\s*$`, minimum: 0 };
}

function quantity(parse: () => number, context: z.RefinementCtx): number {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof AtollError)) throw error;
    context.addIssue({ code: 'custom', message: `cannot be read: ${error.message} ${error.nextStep}` });
    return z.NEVER;
  }
}

/** Memory above zero. */
export const someMemory = memory
  .refine((bytes) => bytes > 0, 'must be above 0')
  .meta({ title: 'memory (512M, 2G; powers of 1024)', ...form(/[KMGT]i?/) });

/** Cores above zero. */
export const someCores = cores
  .refine((value) => value > 0, 'must be above 0')
  .meta({
    title: 'cores (2, 0.5, 500m)',
    ...form(/m/),
  });

const simple = z.union([z.string(), z.number(), z.boolean()]);
const reference = z.looseObject({ valueFrom: freeMap });
const given = z.strictObject({ name: text.optional(), value: simple.optional() });
const variableName = text
  .regex(/^[A-Za-z_][\w.-]*$/, 'is no name of an environment variable')
  .meta({ title: 'name of an environment variable' });

/** Environment variables: a map of name to value, or Kubernetes' list of `{name, value}`. */
export const environment = z
  .union([
    z.record(variableName, z.union([simple, given, reference])),
    z.array(z.union([given.extend({ name: variableName }), reference.extend({ name: variableName })])),
  ])
  .meta({ title: 'environment variables' });

/** An `http://` or `https://` address. */
export const httpUrl = z
  .url({ protocol: /^https?$/, error: 'is no URL that begins with http:// or https://' })
  .meta({ title: 'a URL (http:// or https://)' });

/** A path below which everything is: `/research/`. It begins and ends with `/`, however it is written. */
export const basePath = text
  .transform((value) => `/${value}/`.replace(/\/+/g, '/'))
  .refine(
    (value) => /^\/(?:[\w~-][\w.~-]*\/)*$/.test(value) && !value.startsWith('/hub/'),
    "is no path of letters, digits and -._~ (and cannot begin with /hub, below which the hub's own pages are)",
  )
  .meta({ title: 'a path (/research/)' });

/** Scheme, host and port of a web address; `https://` where none is written. */
export const webOrigin = text
  .transform((value) => (/^https?:\/\//.test(value) ? value : `https://${value}`))
  .refine(
    (value) => URL.canParse(value) && new URL(value).pathname === '/',
    'is no host, such as https://hub.example.org',
  )
  .transform((value) => new URL(value).origin)
  .meta({ title: 'an address without a path (https://hub.example.org)' });
