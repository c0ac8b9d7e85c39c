import type { Settings } from '../config/settings.ts';
import type { ValuesInput } from '../config/values/parseValues.ts';

/** What is to be on the cluster. */
export interface Release {
  /** `[a-z0-9-]`, 40 characters at most. */
  name: string;
  namespace: string;
  settings: Settings;
  /** The settings files, for the hub to read again. */
  inputs: readonly ValuesInput[];
  /** Atoll's own image. */
  image: string;
  /** The secret that hub and edges share: made once, then kept. */
  controlToken: string;
}

/** An object of Kubernetes. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  [field: string]: unknown;
}

/** Says whose an object is: what `atoll deploy` made, and may change and remove. */
export const releaseLabel = 'atoll/release';
/** Kubernetes' own label for the tool that manages an object: `atoll`, or `Helm` for what our chart made. */
export const managerLabel = 'app.kubernetes.io/managed-by';
/** Who writes what `atoll deploy` applies (server-side apply). */
export const fieldManager = 'atoll-deploy';

/** The parts of a release that run in pods, by their `component` label. */
export type Component = 'hub' | 'edge' | 'image-puller' | 'hook-image-puller' | 'user-placeholder';

/** The labels of everything of a release. */
export function releaseLabels(name: string, component: string): Record<string, string> {
  return {
    app: 'jupyterhub',
    component,
    'app.kubernetes.io/name': 'atoll',
    'app.kubernetes.io/instance': name,
    'app.kubernetes.io/component': component,
    [managerLabel]: 'atoll',
    [releaseLabel]: name,
  };
}

/** By which the pods of a part are selected; never changes, since Kubernetes does not let it. */
export function selectorOf(name: string, component: Component): Record<string, string> {
  return { [releaseLabel]: name, component };
}

/** The head of an object. */
export function objectHead(
  release: Release,
  apiVersion: string,
  kind: string,
  name: string,
  component: string,
): Pick<KubeObject, 'apiVersion' | 'kind' | 'metadata'> {
  return {
    apiVersion,
    kind,
    metadata: { name, namespace: release.namespace, labels: releaseLabels(release.name, component) },
  };
}
