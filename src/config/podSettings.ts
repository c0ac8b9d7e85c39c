// What settings say about pods, in three parts: those of servers, those of Dask clusters, and what `atoll deploy` puts on a
// cluster. Only the `kubernetes` runtime and the deployment read this. Texts may hold templates ({username} …), which are
// filled in for each start. Parts in Kubernetes' own spelling are taken as they are: the API server checks them.

/** An object of Kubernetes, or a part of one, in Kubernetes' own spelling. */
export type KubernetesObject = Record<string, unknown>;

export type ImagePullPolicy = 'IfNotPresent' | 'Always' | 'Never';

/** A container image as the charts spell it. */
export interface ImageSettings {
  /** `….image.name`. Undefined: the one that Atoll comes with. */
  name?: string;
  /** `….image.tag`. */
  tag?: string;
  /** `….image.pullPolicy`. Undefined: Kubernetes' own rule. */
  pullPolicy?: ImagePullPolicy;
  /** `….image.pullSecrets`: names of Kubernetes secrets. */
  pullSecrets?: string[];
}

/** `singleuser.storage`. */
export interface ServerStorageSettings {
  /** `storage.type`: a volume for each person, one volume for all, or none. Default `dynamic`. */
  type: 'dynamic' | 'static' | 'none';
  /** `storage.capacity`. Default `10Gi`. Kubernetes' quantity: `10G` is less than `10Gi`. */
  capacity: string;
  /** `storage.homeMountPath`. Default `/home/jovyan`. */
  homeMountPath: string;
  /** `storage.extraLabels` of volume claims. */
  extraLabels: Record<string, string>;
  /** `KubeSpawner.storage_extra_annotations`. */
  extraAnnotations: Record<string, string>;
  /** `KubeSpawner.storage_selector`. */
  selector?: KubernetesObject;
  /** `storage.dynamic.storageClass`. Undefined: the cluster's default class. */
  storageClass?: string;
  /** `storage.dynamic.storageAccessModes`. Default `[ReadWriteOnce]`. */
  accessModes: string[];
  /** `storage.dynamic.pvcNameTemplate` / `KubeSpawner.pvc_name_template`. Undefined: the naming scheme's own. */
  pvcNameTemplate?: string;
  /** `storage.dynamic.volumeNameTemplate`. Default `volume-{user_server}`. */
  volumeNameTemplate: string;
  /** `storage.dynamic.subPath`: folder in the volume. */
  dynamicSubPath?: string;
  /** `KubeSpawner.delete_pvc`: a person's volume goes with them, and that of a named server with it. Default true. */
  deleteClaims: boolean;
  /** `storage.static.pvcName`. */
  staticPvcName?: string;
  /** `storage.static.subPath`. Default `{username}`. */
  staticSubPath: string;
  /**
   * `storage.extraVolumes` by the name under which it can be replaced: a map's key, or a listed volume's own `name`. With
   * `KubeSpawner.volumes`, these are all volumes.
   */
  volumes: Record<string, KubernetesObject>;
  /** `storage.extraVolumeMounts` by a map's key, or by place in the list and volume name (`0-home`), as in z2jh. */
  volumeMounts: Record<string, KubernetesObject>;
  /** Whether `KubeSpawner.volumes` / `.volume_mounts` stand in the place of the home volume and its mount. */
  replacesHome: { volumes: boolean; volumeMounts: boolean };
}

/** Rules for placing a pod, as Kubernetes spells their members. `singleuser.extraNodeAffinity` and its kin. */
export interface AffinitySettings {
  required: KubernetesObject[];
  preferred: KubernetesObject[];
}

/** One entry of `extraFiles`. */
export interface ExtraFile {
  /** Where it appears, with its name. */
  mountPath: string;
  /** `data`: a JSON value, written in the format that the name's ending says (.yaml, .yml, .toml, else JSON). */
  data?: unknown;
  /** `stringData`. */
  text?: string;
  /** `binaryData`, in base64. */
  base64?: string;
  /** File mode, such as 0o644. */
  mode?: number;
}

/** Pods of notebook servers: `singleuser` and `hub.config.KubeSpawner`. */
export interface ServerPodSettings {
  /** `singleuser.image.name` with `.tag`, or `KubeSpawner.image`. Undefined: the image that Atoll comes with. */
  image?: string;
  /** `singleuser.image.pullPolicy` / `KubeSpawner.image_pull_policy`. */
  imagePullPolicy?: ImagePullPolicy;
  /** `singleuser.image.pullSecrets`, `jupyterhub.imagePullSecrets`: names of Kubernetes secrets. */
  imagePullSecrets: string[];
  /** `KubeSpawner.namespace`. Undefined: the hub's own. */
  namespace?: string;
  /** `singleuser.podNameTemplate`. Undefined: the naming scheme's own. */
  podNameTemplate?: string;
  /** `KubeSpawner.slug_scheme`: `safe` (KubeSpawner 7) or `escape` (older). Default `safe`. */
  slugScheme: 'safe' | 'escape';
  /** `singleuser.extraLabels`. */
  labels: Record<string, string>;
  /** `singleuser.extraAnnotations`. */
  annotations: Record<string, string>;
  /** `singleuser.nodeSelector`. */
  nodeSelector: Record<string, string>;
  /** `singleuser.extraNodeAffinity`. */
  nodeAffinity: AffinitySettings;
  /** `singleuser.extraPodAffinity`. */
  podAffinity: AffinitySettings;
  /** `singleuser.extraPodAntiAffinity`. */
  podAntiAffinity: AffinitySettings;
  /** `singleuser.extraTolerations`; those of `scheduling.userPods.tolerations` come before. */
  tolerations: KubernetesObject[];
  /** `KubeSpawner.scheduler_name`. Undefined: the user scheduler when there is one, else Kubernetes' own. */
  schedulerName?: string;
  /** `KubeSpawner.priority_class_name`. Undefined: that of `scheduling.podPriority` when it is enabled. */
  priorityClassName?: string;
  /** `singleuser.extraResource.limits`, such as `nvidia.com/gpu: 1`. */
  resourceLimits: Record<string, string | number>;
  /** `singleuser.extraResource.guarantees`. */
  resourceRequests: Record<string, string | number>;
  /** `singleuser.storage`. */
  storage: ServerStorageSettings;
  /** `singleuser.extraFiles`, by name. */
  extraFiles: Record<string, ExtraFile>;
  /** Variables of `singleuser.extraEnv` that Kubernetes fills (`valueFrom`), by name: the part below the name. */
  environmentFrom: Record<string, KubernetesObject>;
  /** `singleuser.initContainers`. */
  initContainers: KubernetesObject[];
  /** `singleuser.extraContainers`. */
  extraContainers: KubernetesObject[];
  /** `singleuser.extraPodConfig`: goes into the pod's spec, over all else. */
  extraPodConfig: KubernetesObject;
  /** `KubeSpawner.extra_container_config`: goes into the server's container, over all else. */
  extraContainerConfig: KubernetesObject;
  /** `singleuser.lifecycleHooks`: `postStart` and `preStop`. */
  lifecycleHooks: KubernetesObject;
  /** `singleuser.serviceAccountName`. Undefined: none, and no token in the pod. */
  serviceAccountName?: string;
  /** `KubeSpawner.automount_service_account_token`. Undefined: only when a service account is named. */
  automountServiceAccountToken?: boolean;
  /** `singleuser.uid`. Default 1000; null: the image's own. */
  uid: number | null;
  /** `KubeSpawner.gid`. Undefined: the image's own. */
  gid?: number;
  /** `singleuser.fsGid`. Default 100; null: none. */
  fsGid: number | null;
  /** `KubeSpawner.supplemental_gids`. */
  supplementalGids: number[];
  /** `singleuser.allowPrivilegeEscalation`. Default false; null: not said to Kubernetes. */
  allowPrivilegeEscalation: boolean | null;
  /** `KubeSpawner.privileged`. Default false. */
  privileged: boolean;
  /** `KubeSpawner.pod_security_context`: over what `uid`, `fsGid` and the like make. */
  podSecurityContext: KubernetesObject;
  /** `KubeSpawner.container_security_context`: over what `uid` and the like make. */
  containerSecurityContext: KubernetesObject;
  /** `KubeSpawner.working_dir`. Undefined: the image's own. */
  workingDirectory?: string;
  /** `singleuser.cloudMetadata`: keeps servers from the cloud's metadata server by a container that runs before. */
  cloudMetadata: { blockWithIptables: boolean; ip: string };
  /** `singleuser.networkTools`: what that container runs. */
  networkTools: { image: ImageSettings; resources: KubernetesObject };
}

/** One kind of pod of a Dask cluster: `dask-gateway.gateway.backend.scheduler` and `.worker`. */
export interface ClusterPartPodSettings {
  /** `KubeClusterConfig.…_extra_pod_labels`, `atoll.clusters.…PodLabels`. */
  labels: Record<string, string>;
  /** `KubeClusterConfig.…_extra_pod_annotations`, `atoll.clusters.…PodAnnotations`. */
  annotations: Record<string, string>;
  /** `….extraPodConfig`: goes into the pod's spec, over all else. */
  extraPodConfig: KubernetesObject;
  /** `….extraContainerConfig`: goes into the container, over all else. */
  extraContainerConfig: KubernetesObject;
}

/** What the pods of one cluster get in place of what the settings say for all: by the choice of whoever made it. */
export interface ClusterPodChoice extends Partial<ClusterPartPodSettings> {
  /** `image_pull_policy`. */
  imagePullPolicy?: ImagePullPolicy;
  /** `image_pull_secrets`: names of Kubernetes secrets. */
  imagePullSecrets?: string[];
}

/** Pods of Dask clusters: `dask-gateway.gateway.backend`. */
export interface ClusterPodSettings {
  /** `backend.image`. Without a name: the image of the server that the cluster is made from, or Atoll's own. */
  image: ImageSettings;
  /** `backend.imagePullSecrets`: names of Kubernetes secrets. */
  imagePullSecrets: string[];
  /** `backend.namespace`. Undefined: the hub's own. */
  namespace?: string;
  scheduler: ClusterPartPodSettings;
  worker: ClusterPartPodSettings;
  /** `atoll.clusters.preemptibleWorkers`: workers may run on nodes that the cloud can take away, and prefer them. Default false. */
  preemptibleWorkers: boolean;
}

/** z2jh's defaults for servers, without what only its own images need. */
export function defaultServerPods(): ServerPodSettings {
  return {
    imagePullSecrets: [],
    slugScheme: 'safe',
    labels: {},
    annotations: {},
    nodeSelector: {},
    nodeAffinity: { required: [], preferred: [] },
    podAffinity: { required: [], preferred: [] },
    podAntiAffinity: { required: [], preferred: [] },
    tolerations: [],
    resourceLimits: {},
    resourceRequests: {},
    storage: {
      type: 'dynamic',
      capacity: '10Gi',
      homeMountPath: '/home/jovyan',
      extraLabels: {},
      extraAnnotations: {},
      accessModes: ['ReadWriteOnce'],
      volumeNameTemplate: 'volume-{user_server}',
      deleteClaims: true,
      staticSubPath: '{username}',
      volumes: {},
      volumeMounts: {},
      replacesHome: { volumes: false, volumeMounts: false },
    },
    extraFiles: {},
    environmentFrom: {},
    initContainers: [],
    extraContainers: [],
    extraPodConfig: {},
    extraContainerConfig: {},
    lifecycleHooks: {},
    uid: 1000,
    fsGid: 100,
    supplementalGids: [],
    allowPrivilegeEscalation: false,
    privileged: false,
    podSecurityContext: {},
    containerSecurityContext: {},
    cloudMetadata: { blockWithIptables: true, ip: '169.254.169.254' },
    networkTools: { image: {}, resources: {} },
  };
}

/** The chart's defaults for clusters. */
export function defaultClusterPods(): ClusterPodSettings {
  return {
    image: {},
    imagePullSecrets: [],
    scheduler: { labels: {}, annotations: {}, extraPodConfig: {}, extraContainerConfig: {} },
    worker: { labels: {}, annotations: {}, extraPodConfig: {}, extraContainerConfig: {} },
    preemptibleWorkers: false,
  };
}
