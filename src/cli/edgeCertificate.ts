import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import type { DataFolder } from '../core/dataFolder.ts';

/**
 * Puts the certificate of the settings where the edge reads it, which takes a new one over by itself. Returns the options of
 * `atoll edge` for it: none where the edge is not to end TLS.
 */
export function keepEdgeCertificate({ deployment }: Pick<Settings, 'deployment'>, { run }: DataFolder): string[] {
  const { enabled, type, manual, hosts } = deployment.edge.https;
  if (!enabled || type !== 'manual') return [];
  const folder = join(run, 'tls');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const keep = (name: string, text = ''): string => {
    const path = join(folder, name);
    writeFileSync(`${path}.new`, text, { mode: 0o600 });
    renameSync(`${path}.new`, path);
    return path;
  };
  const files = ['--tls-certificate', keep('tls.crt', manual.cert), '--tls-key', keep('tls.key', manual.key)];
  return [...files, ...hosts.flatMap((host) => ['--tls-host', host])];
}

/** Where people come in, at the port that Atoll listens on. */
export function publicUrl(url: string, { deployment }: Pick<Settings, 'deployment'>): string {
  const { enabled, type, hosts } = deployment.edge.https;
  if (!enabled || type !== 'manual') return url;
  const { hostname, port } = new URL(url);
  return `https://${hosts[0] ?? hostname}${port === '443' ? '' : `:${port}`}`;
}
