import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { AtollError, messageOf } from '../core/errors.ts';
import type { ApiAccess } from './apiAccess.ts';
import { tokenFromProgram } from './execCredential.ts';
import { tokenFromFile } from './inClusterAccess.ts';

const clusterSchema = z.object({
  server: z.string(),
  'certificate-authority': z.string().optional(),
  'certificate-authority-data': z.string().optional(),
  'insecure-skip-tls-verify': z.boolean().optional(),
  'tls-server-name': z.string().optional(),
});

/** How a kubeconfig says that a program gives the credentials (client.authentication.k8s.io). */
export const execSchema = z.object({
  command: z.string(),
  args: z.array(z.string()).nullish(),
  env: z.array(z.object({ name: z.string(), value: z.string() })).nullish(),
  apiVersion: z.string(),
  provideClusterInfo: z.boolean().nullish(),
});

const userSchema = z.object({
  token: z.string().optional(),
  tokenFile: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  'client-certificate': z.string().optional(),
  'client-certificate-data': z.string().optional(),
  'client-key': z.string().optional(),
  'client-key-data': z.string().optional(),
  exec: execSchema.nullish(),
});

const named = <T extends z.ZodType, K extends string>(key: K, value: T) =>
  z
    .array(z.object({ name: z.string(), [key]: value } as { name: z.ZodString } & Record<K, T>))
    .nullish()
    .transform((entries) => entries ?? []);

const kubeconfigSchema = z.object({
  'current-context': z.string().nullish(),
  clusters: named('cluster', clusterSchema),
  users: named('user', userSchema),
  contexts: named(
    'context',
    z.object({ cluster: z.string(), user: z.string().nullish(), namespace: z.string().nullish() }),
  ),
});

type Kubeconfig = z.infer<typeof kubeconfigSchema>;
interface FoundIn<T> {
  value: T;
  file: string;
}

/** Which kubeconfig, and which context of it. */
export interface KubeconfigChoice {
  /** A file. Undefined: those that `KUBECONFIG` names, else `~/.kube/config`. */
  file?: string | undefined;
  /** Undefined: the current context. */
  context?: string | undefined;
}

/**
 * The access that a kubeconfig gives, found and merged as kubectl does: of several files, the first that has an entry counts.
 * @throws AtollError `ATOLL_KUBERNETES_ACCESS` when there is none, or it is not one.
 */
export function kubeconfigAccess({ file, context: wanted }: KubeconfigChoice = {}): ApiAccess {
  const files = file === undefined ? kubeconfigFiles() : [file];
  const configs = files.map(readKubeconfig).filter((config) => config !== undefined);
  const shownFiles = files.join(', ');
  if (configs.length === 0)
    throw noAccess('No kubeconfig was found.', `Looked for ${shownFiles}, and for the service account of a pod.`);
  const contextName =
    wanted ??
    configs
      .map(({ value }) => value['current-context'])
      .find((name): name is string => typeof name === 'string' && name !== '');
  if (contextName === undefined)
    throw noAccess(
      'The kubeconfig has no current context.',
      `Read ${shownFiles}.`,
      'Choose one: kubectl config use-context NAME.',
    );
  const context = find(configs, 'contexts', contextName);
  if (!context) {
    const names = configs.flatMap(({ value }) => value.contexts.map(({ name }) => name));
    throw noAccess(
      `The kubeconfig has no context "${contextName}".`,
      `${shownFiles} has: ${names.join(', ') || 'none'}.`,
    );
  }
  const { cluster: clusterName, user: userName, namespace } = context.value.context;
  const cluster = find(configs, 'clusters', clusterName);
  if (!cluster)
    throw noAccess(
      `The context "${contextName}" names a cluster "${clusterName}", which is not there.`,
      `Read ${shownFiles}.`,
    );
  const user = typeof userName !== 'string' ? undefined : find(configs, 'users', userName);
  const certificateAuthority = pem(cluster, cluster.value.cluster, 'certificate-authority');
  const certificate = user && pem(user, user.value.user, 'client-certificate');
  const key = user && pem(user, user.value.user, 'client-key');
  const tlsServerName = cluster.value.cluster['tls-server-name'];
  return {
    server: cluster.value.cluster.server.replace(/\/+$/, ''),
    source: `context "${contextName}" of ${context.file}`,
    namespace: namespace ?? 'default',
    ...(certificateAuthority !== undefined && { certificateAuthority }),
    ...(tlsServerName !== undefined && { tlsServerName }),
    ...(cluster.value.cluster['insecure-skip-tls-verify'] === true && { skipTlsVerification: true }),
    ...(certificate !== undefined && key !== undefined && { clientCertificate: { certificate, key } }),
    authorization: user ? authorizationOf(user) : async () => undefined,
  };
}

function kubeconfigFiles(): string[] {
  const named = (process.env.KUBECONFIG ?? '').split(delimiter).filter((path) => path !== '');
  return named.length > 0 ? named : [join(homedir(), '.kube/config')];
}

function readKubeconfig(path: string): FoundIn<Kubeconfig> | undefined {
  const file = resolve(path);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  try {
    return { file, value: kubeconfigSchema.parse(parse(text) ?? {}) };
  } catch (error) {
    const issue = error instanceof z.ZodError ? error.issues[0] : undefined;
    // Never the file's own text: it holds secrets.
    const evidence = issue ? `${issue.path.join('.')}: ${issue.message}` : messageOf(error).split('\n')[0];
    throw noAccess(`${file} is not a kubeconfig.`, evidence ?? '');
  }
}

type Section = 'clusters' | 'users' | 'contexts';

function find<S extends Section>(
  configs: readonly FoundIn<Kubeconfig>[],
  section: S,
  name: string,
): FoundIn<Kubeconfig[S][number]> | undefined {
  for (const { value, file } of configs) {
    const entries: readonly Kubeconfig[S][number][] = value[section];
    const entry = entries.find((one) => one.name === name);
    if (entry) return { value: entry, file };
  }
  return undefined;
}

/** `KEY-data` in base64, or the file that `KEY` names, from the folder of the kubeconfig. */
function pem<K extends string>(
  { file }: FoundIn<unknown>,
  entry: Partial<Record<K | `${K}-data`, unknown>>,
  key: K,
): string | undefined {
  const data = entry[`${key}-data`];
  if (typeof data === 'string') return Buffer.from(data, 'base64').toString('utf8');
  const path = entry[key];
  if (typeof path !== 'string') return undefined;
  try {
    return readFileSync(resolve(dirname(file), path), 'utf8');
  } catch (error) {
    throw noAccess(`${file} names a file that cannot be read.`, messageOf(error));
  }
}

function authorizationOf({ value: { user }, file }: FoundIn<Kubeconfig['users'][number]>): ApiAccess['authorization'] {
  if (user.exec) return tokenFromProgram(user.exec, dirname(file));
  if (user.tokenFile !== undefined) return tokenFromFile(resolve(dirname(file), user.tokenFile));
  if (user.token !== undefined) return async () => `Bearer ${user.token}`;
  if (user.username === undefined) return async () => undefined;
  const basic = Buffer.from(`${user.username}:${user.password ?? ''}`).toString('base64');
  return async () => `Basic ${basic}`;
}

function noAccess(message: string, evidence: string, nextStep?: string): AtollError {
  return new AtollError('ATOLL_KUBERNETES_ACCESS', message, {
    evidence,
    ...(nextStep !== undefined && { nextStep }),
  });
}
