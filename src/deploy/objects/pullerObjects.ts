import type { KubernetesObject } from '../../config/podSettings.ts';
import type { Settings } from '../../config/settings.ts';
import { defaultImage } from '../../runtimes/kubernetes/podInputs.ts';
import { priorityClassName } from '../../runtimes/kubernetes/priorityClasses.ts';
import { dedicatedTo } from '../../runtimes/kubernetes/serverPod.ts';
import { type Component, type KubeObject, objectHead, type Release, releaseLabels, selectorOf } from '../release.ts';
import { pullSecretNames } from './imagePullSecret.ts';
import { pauseContainer } from './schedulingObjects.ts';

/** Has every node that comes pull the images of servers before somebody waits for them (z2jh's continuous pre-puller). */
export function pullerObjects(release: Release): KubeObject[] {
  const { continuous } = release.settings.deployment.prePuller;
  const { pod } = release.settings.servers;
  if (!continuous.enabled) return [];
  return [
    puller(release, 'image-puller', 'continuous-image-puller', {
      annotations: continuous.daemonsetAnnotations,
      nodeSelector: pod.nodeSelector,
    }),
  ];
}

/** Has all nodes pull the images of servers before a deployment (z2jh's hook pre-puller); undefined when nobody wants that. */
export function hookPuller(release: Release): KubeObject | undefined {
  const { hook } = release.settings.deployment.prePuller;
  const { pod } = release.settings.servers;
  if (!hook.enabled) return undefined;
  return puller(release, 'hook-image-puller', 'hook-image-puller', {
    annotations: hook.daemonsetAnnotations,
    nodeSelector: { ...pod.nodeSelector, ...hook.nodeSelector },
    tolerations: hook.tolerations,
  });
}

interface PullerPlace {
  annotations?: Record<string, string> | undefined;
  nodeSelector: Record<string, string>;
  tolerations?: KubernetesObject[] | undefined;
}

function puller(
  release: Release,
  component: Component,
  name: string,
  { annotations = {}, nodeSelector, tolerations = [] }: PullerPlace,
): KubeObject {
  const { servers, deployment } = release.settings;
  const { prePuller, scheduling } = deployment;
  const imagePullSecrets = pullSecretNames(deployment, servers.pod.imagePullSecrets);
  const resources = prePuller.resources ?? { requests: { cpu: '1m', memory: '8Mi' } };
  return {
    ...objectHead(release, 'apps/v1', 'DaemonSet', name, component),
    spec: {
      selector: { matchLabels: selectorOf(release.name, component) },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '100%' } },
      template: {
        metadata: { labels: releaseLabels(release.name, component), annotations },
        spec: {
          automountServiceAccountToken: false,
          terminationGracePeriodSeconds: 0,
          ...(scheduling.podPriority.enabled && {
            priorityClassName: priorityClassName(release.name, 'image-pullers'),
          }),
          nodeSelector,
          tolerations: [...dedicatedTo('hub.jupyter.org', 'user'), ...prePuller.extraTolerations, ...tolerations],
          ...(imagePullSecrets.length > 0 && { imagePullSecrets }),
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
  };
}

/** The images that servers are started from, in the order of the alphabet: the common one, those of profiles and choices. */
export function imagesOf({ servers, profiles, deployment }: Settings): string[] {
  const { pullProfileListImages, extraImages } = deployment.prePuller;
  const fromProfiles = profiles.flatMap(({ override, options }) => [
    override.image,
    ...options.flatMap(({ choices }) => choices.map((choice) => choice.override.image)),
  ]);
  const extra = Object.values(extraImages).map(({ name, tag }) => `${name}:${tag}`);
  const all = [servers.pod.image ?? defaultImage, ...(pullProfileListImages ? fromProfiles : []), ...extra];
  return [...new Set(all.filter((image): image is string => typeof image === 'string'))].toSorted();
}
