import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hostAndPort } from '../core/hostAndPort.ts';
import type { ApiAccess } from './apiAccess.ts';

/** Where Kubernetes puts a pod's service account. */
export const serviceAccountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Kubernetes writes a new token long before the old one ends; reading it once a minute is what its own clients do. */
const tokenLifetimeMs = 60_000;

/** The access that a pod has by its service account, or undefined outside of a pod. */
export function inClusterAccess(folder = serviceAccountFolder): ApiAccess | undefined {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env;
  const tokenFile = join(folder, 'token');
  if (host === undefined || port === undefined || !existsSync(tokenFile)) return undefined;
  return {
    server: `https://${hostAndPort(host, port)}`,
    source: "this pod's service account",
    namespace: readFileSync(join(folder, 'namespace'), 'utf8').trim(),
    certificateAuthority: readFileSync(join(folder, 'ca.crt'), 'utf8'),
    authorization: tokenFromFile(tokenFile),
  };
}

/** Reads a token from a file that somebody keeps fresh. */
export function tokenFromFile(path: string): () => Promise<string> {
  let token: { value: string; readAt: number } | undefined;
  return async () => {
    if (!token || Date.now() - token.readAt > tokenLifetimeMs)
      token = { value: `Bearer ${(await readFile(path, 'utf8')).trim()}`, readAt: Date.now() };
    return token.value;
  };
}
