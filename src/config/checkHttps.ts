import { messageOf } from '../core/errors.ts';
import type { HttpsSettings } from './deploymentSettings.ts';
import type { AddProblem, Path } from './problem.ts';
import type { Settings } from './settings.ts';

/** TLS that cannot be as it is written: nobody shall take plain HTTP for it. */
export function checkHttps({ runtime, deployment }: Settings, add: AddProblem): void {
  const { edge, ingress, httpRoute } = deployment;
  const { https } = edge;
  if (!https.enabled) return;
  const path = (...names: string[]): Path => ['jupyterhub', 'proxy', 'https', ...names];
  const onKubernetes = runtime.kind === 'kubernetes';
  switch (https.type) {
    case 'letsencrypt':
      // What ends TLS in front is another way to what is asked for.
      if (onKubernetes && (ingress.enabled || httpRoute.enabled)) return;
      add(
        'ATOLL_SETTINGS_NOT_SUPPORTED',
        onKubernetes ? 'error' : 'warning',
        [path('type'), path('enabled')],
        onKubernetes
          ? "Atoll asks Let's Encrypt for no certificates itself. Have cert-manager write a Certificate for these hosts into a secret, and set https.type: secret and https.secret.name; or let an ingress end TLS, with annotations for cert-manager."
          : "Atoll asks Let's Encrypt for no certificates itself, and speaks plain HTTP. Have certbot do it, and set https.type: manual, https.manual.cert: {fromFile: fullchain.pem} and https.manual.key: {fromFile: privkey.pem}.",
      );
      return;
    case 'manual': {
      const problem = problemOfPair(https.manual);
      if (problem !== undefined) add('ATOLL_SETTINGS_CONFLICT', 'error', [path('manual'), path('type')], problem);
      return;
    }
    case 'secret':
      if (onKubernetes && !https.secret.name)
        add(
          'ATOLL_SETTINGS_CONFLICT',
          'error',
          [path('type')],
          'https.type: secret needs https.secret.name, the name of a Kubernetes secret with tls.crt and tls.key.',
        );
      if (!onKubernetes)
        add(
          'ATOLL_SETTINGS_NOT_SUPPORTED',
          'warning',
          [path('type')],
          'There are no Kubernetes secrets here, and Atoll speaks plain HTTP. Set https.type: manual, with {fromFile: …} for https.manual.cert and https.manual.key.',
        );
      return;
    default:
  }
}

/** What is wrong with a certificate and its key; undefined: nothing. */
function problemOfPair({ cert, key }: HttpsSettings['manual']): string | undefined {
  // Loaded for whoever has certificates: it takes 5 ms of each look at settings.
  const { createPrivateKey, X509Certificate } = process.getBuiltinModule('node:crypto');
  if (!cert || !key) return 'https.type: manual needs https.manual.cert and https.manual.key, both in PEM.';
  try {
    if (new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) return undefined;
    return 'https.manual.key is not the key of https.manual.cert.';
  } catch (error) {
    return `https.manual.cert and https.manual.key are not a certificate and its key in PEM, without a passphrase: ${messageOf(error)}.`;
  }
}
