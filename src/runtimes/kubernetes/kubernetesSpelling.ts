import type { AffinitySettings, KubernetesObject, ServerPodSettings } from '../../config/podSettings.ts';

/** Names whose capitals do not follow from Python's spelling. */
const irregular: Readonly<Record<string, string>> = {
  host_ipc: 'hostIPC',
  host_pid: 'hostPID',
  set_hostname_as_fqdn: 'setHostnameAsFQDN',
};

/**
 * Fields of an object in Kubernetes' spelling. KubeSpawner also takes them as the Python client spells them
 * (`image_pull_policy`), at the top of an object; what is below has always been Kubernetes' own.
 */
export function inKubernetesSpelling(object: KubernetesObject): KubernetesObject {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [spelled(name), value]));
}

/** What settings say about a server's pod, with every part that KubeSpawner takes in both spellings in Kubernetes' own. */
export function spelledForKubernetes(settings: ServerPodSettings): ServerPodSettings {
  const { storage } = settings;
  return {
    ...settings,
    tolerations: settings.tolerations.map(inKubernetesSpelling),
    nodeAffinity: termsSpelled(settings.nodeAffinity),
    podAffinity: termsSpelled(settings.podAffinity),
    podAntiAffinity: termsSpelled(settings.podAntiAffinity),
    initContainers: settings.initContainers.map(inKubernetesSpelling),
    extraContainers: settings.extraContainers.map(inKubernetesSpelling),
    extraPodConfig: inKubernetesSpelling(settings.extraPodConfig),
    extraContainerConfig: inKubernetesSpelling(settings.extraContainerConfig),
    lifecycleHooks: inKubernetesSpelling(settings.lifecycleHooks),
    podSecurityContext: inKubernetesSpelling(settings.podSecurityContext),
    containerSecurityContext: inKubernetesSpelling(settings.containerSecurityContext),
    storage: { ...storage, volumes: allSpelled(storage.volumes), volumeMounts: allSpelled(storage.volumeMounts) },
  };
}

function spelled(name: string): string {
  if (Object.hasOwn(irregular, name)) return irregular[name] ?? name;
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function termsSpelled({ required, preferred }: AffinitySettings): AffinitySettings {
  return { required: required.map(inKubernetesSpelling), preferred: preferred.map(inKubernetesSpelling) };
}

function allSpelled(objects: Readonly<Record<string, KubernetesObject>>): Record<string, KubernetesObject> {
  return Object.fromEntries(Object.entries(objects).map(([name, object]) => [name, inKubernetesSpelling(object)]));
}
