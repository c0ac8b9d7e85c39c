import type { HttpsSettings } from '../../config/deploymentSettings.ts';
import type { KubernetesObject } from '../../config/podSettings.ts';
import { type KubeObject, objectHead, type Release } from '../release.ts';

/** As in z2jh. */
const manualSecret = 'proxy-public-manual-tls';
const folder = '/etc/atoll/tls';
const [certificate, key] = ['tls.crt', 'tls.key'];

/** Whether the edges end TLS themselves. */
export function endsTls({ enabled, type }: HttpsSettings): boolean {
  return enabled && (type === 'manual' || type === 'secret');
}

/** Whether people come in by HTTPS: the edges end its TLS, or a load balancer in front. */
export function hasHttpsPort(https: HttpsSettings): boolean {
  return endsTls(https) || (https.enabled && https.type === 'offload');
}

/** The secret with the certificate that the settings hold. */
export function edgeCertificate(release: Release): KubeObject[] {
  const { https } = release.settings.deployment.edge;
  if (!endsTls(https) || https.type !== 'manual') return [];
  const { cert = '', key: privateKey = '' } = https.manual;
  return [
    {
      ...objectHead(release, 'v1', 'Secret', manualSecret, 'edge'),
      type: 'kubernetes.io/tls',
      data: { [certificate]: base64(cert), [key]: base64(privateKey) },
    },
  ];
}

/** What the edge's container gets to end TLS: arguments and mounts, and the volume they are from. It reads new files by itself. */
export function edgeTls(https: HttpsSettings): {
  args: string[];
  mounts: KubernetesObject[];
  volumes: KubernetesObject[];
} {
  if (!endsTls(https)) return { args: [], mounts: [], volumes: [] };
  const { secret, type, hosts } = https;
  const [secretName, ...entries] =
    type === 'manual' ? [manualSecret, certificate, key] : [secret.name, secret.crt, secret.key];
  const items = entries.map((entry, index) => ({ key: entry, path: [certificate, key][index] }));
  return {
    args: [
      ['--tls-certificate', `${folder}/${certificate}`, '--tls-key', `${folder}/${key}`],
      hosts.flatMap((host) => ['--tls-host', host]),
    ].flat(),
    mounts: [{ name: 'tls', mountPath: folder, readOnly: true }],
    volumes: [{ name: 'tls', secret: { secretName, items, defaultMode: 0o440 } }],
  };
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
