import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { HttpsSettings } from '../../config/deploymentSettings.ts';
import type { Settings } from '../../config/settings.ts';
import type { DataFolder } from '../../core/dataFolder.ts';
import { replaceFile } from '../../core/replaceFile.ts';

/**
 * Puts the certificate of the settings where the edge reads it, which takes a new one over by itself. Returns the options of
 * `atoll edge` for it: none where the edge is not to end TLS.
 */
export function keepEdgeCertificate(settings: Pick<Settings, 'deployment'>, { run }: DataFolder): string[] {
  const https = ownHttps(settings);
  if (https === undefined) return [];
  const { manual, hosts } = https;
  const folder = join(run, 'tls');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const keep = (name: string, text = ''): string => {
    const path = join(folder, name);
    replaceFile(path, text);
    return path;
  };
  const files = ['--tls-certificate', keep('tls.crt', manual.cert), '--tls-key', keep('tls.key', manual.key)];
  return [...files, ...hosts.flatMap((host) => ['--tls-host', host])];
}

/** Where people come in, at the port that Atoll listens on. */
export function publicUrl(url: string, settings: Pick<Settings, 'deployment'>): string {
  const https = ownHttps(settings);
  if (https === undefined) return url;
  const { hostname, port } = new URL(url);
  return `https://${https.hosts[0] ?? hostname}${port === '443' ? '' : `:${port}`}`;
}

/** `proxy.https` where the edge of one machine ends TLS, which takes a certificate in the settings. */
function ownHttps({ deployment }: Pick<Settings, 'deployment'>): HttpsSettings | undefined {
  const { https } = deployment.edge;
  return https.enabled && https.type === 'manual' ? https : undefined;
}
