import type { Settings } from '../../config/settings.ts';
import { defaultImage } from '../../runtimes/kubernetes/podInputs.ts';
import { type KubeObject, objectHead, type Release, releaseLabels, selectorOf } from '../release.ts';
import { pauseContainer } from './schedulingObjects.ts';

/** Has every node pull the images of servers before somebody waits for them (z2jh's continuous pre-puller). */
export function pullerObjects(release: Release): KubeObject[] {
  const { prePuller, imagePullSecrets } = release.settings.deployment;
  if (!prePuller.continuous.enabled) return [];
  const { pod } = release.settings.servers;
  const secrets = [...new Set([...imagePullSecrets, ...pod.imagePullSecrets])];
  const resources = prePuller.resources ?? { requests: { cpu: '1m', memory: '8Mi' } };
  return [
    {
      ...objectHead(release, 'apps/v1', 'DaemonSet', 'continuous-image-puller', 'image-puller'),
      spec: {
        selector: { matchLabels: selectorOf(release.name, 'image-puller') },
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '100%' } },
        template: {
          metadata: {
            labels: releaseLabels(release.name, 'image-puller'),
            annotations: prePuller.continuous.daemonsetAnnotations ?? {},
          },
          spec: {
            automountServiceAccountToken: false,
            terminationGracePeriodSeconds: 0,
            nodeSelector: pod.nodeSelector,
            tolerations: [
              { key: 'hub.jupyter.org/dedicated', operator: 'Equal', value: 'user', effect: 'NoSchedule' },
              { key: 'hub.jupyter.org_dedicated', operator: 'Equal', value: 'user', effect: 'NoSchedule' },
              ...prePuller.extraTolerations,
            ],
            ...(secrets.length > 0 && { imagePullSecrets: secrets.map((name) => ({ name })) }),
            initContainers: imagesOf(release.settings).map((image, index) => ({
              name: `image-${index}`,
              image,
              command: ['/bin/sh', '-c', 'echo pulled'],
              resources,
              securityContext: { allowPrivilegeEscalation: false, runAsNonRoot: true, runAsUser: 65534 },
            })),
            containers: [pauseContainer(release, resources)],
          },
        },
      },
    },
  ];
}

/** The images that servers are started from: the common one, and those of profiles and their choices. */
export function imagesOf({ servers, profiles, deployment }: Settings): string[] {
  const { pullProfileListImages, extraImages } = deployment.prePuller;
  const fromProfiles = profiles.flatMap(({ override, options }) => [
    override.image,
    ...options.flatMap(({ choices }) => choices.map((choice) => choice.override.image)),
  ]);
  const extra = Object.values(extraImages).map(({ name, tag }) => `${name}:${tag}`);
  const all = [servers.pod.image ?? defaultImage, ...(pullProfileListImages ? fromProfiles : []), ...extra];
  return [...new Set(all.filter((image): image is string => typeof image === 'string'))];
}
