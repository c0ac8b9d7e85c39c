import { type DeploymentSettings, imagePullSecretName } from '../../config/deploymentSettings.ts';
import { type KubeObject, objectHead, type Release } from '../release.ts';

/** What Kubernetes and registries call Docker Hub. */
const dockerHub = 'https://index.docker.io/v1/';

/** The secret with which pods pull their images, as `kubectl create secret docker-registry` makes it, where the settings ask for it. */
export function imagePullSecret(release: Release): KubeObject[] {
  const {
    create,
    registry = dockerHub,
    username = '',
    password = '',
    email,
  } = release.settings.deployment.imagePullSecret;
  if (!create) return [];
  const auth = base64(`${username}:${password}`);
  const login = { username, password, ...(email !== undefined && { email }), auth };
  return [
    {
      ...objectHead(release, 'v1', 'Secret', imagePullSecretName, 'image-pull-secret'),
      type: 'kubernetes.io/dockerconfigjson',
      data: { '.dockerconfigjson': base64(JSON.stringify({ auths: { [registry]: login } })) },
    },
  ];
}

/** The names of the secrets with which every pod of a release pulls its images; then those for this pod alone. */
export function pullSecretNames(
  { imagePullSecrets, imagePullSecret: { create, automaticReferenceInjection } }: DeploymentSettings,
  own: readonly string[],
): { name: string }[] {
  const made = create && automaticReferenceInjection ? [imagePullSecretName] : [];
  return [...new Set([...imagePullSecrets, ...made, ...own])].map((name) => ({ name }));
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
