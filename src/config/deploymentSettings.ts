import type { ImageSettings, KubernetesObject } from './podSettings.ts';

/** The secret of `jupyterhub.imagePullSecret`; as in z2jh, since values name it in other places. */
export const imagePullSecretName = 'image-pull-secret';

/** `….serviceAccount`. */
export interface ServiceAccountSettings {
  /** Undefined: true. */
  create?: boolean;
  name?: string;
  annotations?: Record<string, string>;
}

/** `….networkPolicy`. What is undefined follows z2jh's defaults for that part. */
export interface NetworkPolicySettings {
  enabled?: boolean;
  ingress?: KubernetesObject[];
  egress?: KubernetesObject[];
  egressAllowRules: Partial<
    Record<
      | 'cloudMetadataServer'
      | 'dnsPortsCloudMetadataServer'
      | 'dnsPortsKubeSystemNamespace'
      | 'dnsPortsPrivateIPs'
      | 'nonPrivateIPs'
      | 'privateIPs',
      boolean
    >
  >;
}

/** `….service`: a Kubernetes service. */
export interface KubernetesServiceSettings {
  type?: string;
  annotations?: Record<string, string>;
  extraPorts?: KubernetesObject[];
  externalIPs?: string[];
  loadBalancerIP?: string;
  loadBalancerSourceRanges?: string[];
  labels?: Record<string, string>;
  /** `proxy.service.nodePorts.http`. */
  nodePort?: number;
  /** `proxy.service.nodePorts.https`. */
  httpsNodePort?: number;
  /** `proxy.service.disableHttpPort`. Undefined: false. */
  disableHttpPort?: boolean;
}

/** Pods of one part of the deployment. Each field has the name of its key; undefined: Atoll's own choice. */
export interface PartSettings {
  affinity?: KubernetesObject;
  annotations?: Record<string, string>;
  containerSecurityContext?: KubernetesObject;
  extraContainers?: KubernetesObject[];
  extraPodSpec?: KubernetesObject;
  extraVolumeMounts?: KubernetesObject[];
  extraVolumes?: KubernetesObject[];
  initContainers?: KubernetesObject[];
  labels?: Record<string, string>;
  livenessProbe?: KubernetesObject;
  nodeSelector?: Record<string, string>;
  podSecurityContext?: KubernetesObject;
  readinessProbe?: KubernetesObject;
  replicas?: number;
  resources?: KubernetesObject;
  revisionHistoryLimit?: number;
  tolerations?: KubernetesObject[];
  serviceAccount: ServiceAccountSettings;
  networkPolicy: NetworkPolicySettings;
}

/** `proxy.https`: who ends TLS. */
export interface HttpsSettings {
  enabled: boolean;
  /**
   * `manual`: the edges, with the certificate in the settings; `secret`: they, with that of a Kubernetes secret; `offload`: a
   * load balancer in front; empty: nobody. `letsencrypt`, z2jh's default, is nothing that Atoll does itself.
   */
  type: '' | 'letsencrypt' | 'manual' | 'offload' | 'secret';
  /** Names at which people come in; plain HTTP is sent on to HTTPS there. */
  hosts: string[];
  /** Certificate, with those between it and its authority, and private key, in PEM. */
  manual: { cert?: string; key?: string };
  /** A secret, and the names of its entries. */
  secret: { name?: string; crt: string; key: string };
}

/** A placement rule of `scheduling.corePods` or `.userPods`. */
export interface PlacementSettings {
  /** `matchNodePurpose`. Default `prefer`. */
  matchNodePurpose: 'ignore' | 'prefer' | 'require';
  /** `tolerations`; undefined: those of the taints `hub.jupyter.org/dedicated` and `hub.jupyter.org_dedicated`. */
  tolerations?: KubernetesObject[];
}

/**
 * What `atoll deploy` puts on a Kubernetes cluster around servers and Dask clusters. Field names are those of the keys.
 * Undefined: Atoll's own choice.
 */
export interface DeploymentSettings {
  /** `atoll.deploy.image`, with `.imagePullPolicy` and `.imagePullSecrets`: Atoll's own image. `name` has its tag. */
  image: Omit<ImageSettings, 'tag'>;
  /** `proxy.secretToken`: what hub and edges share. Undefined: made at the first deployment, and kept. */
  secretToken?: string;
  /** `jupyterhub.rbac.create`. Default true. */
  createRbac: boolean;
  /** `jupyterhub.imagePullSecrets`: names of secrets for all pods. */
  imagePullSecrets: string[];
  /** `jupyterhub.imagePullSecret`: a secret that is made for the registry of images. */
  imagePullSecret: {
    /** Default false. */
    create: boolean;
    /** Whether all pods use it. Default true. */
    automaticReferenceInjection: boolean;
    /** Undefined: Docker Hub. */
    registry?: string;
    username?: string;
    password?: string;
    email?: string;
  };
  /** The hub's pod: `jupyterhub.hub`. */
  hub: PartSettings & {
    service: KubernetesServiceSettings;
    /** `hub.extraEnv`: name to value, or to the rest of Kubernetes' EnvVar. */
    extraEnv: Record<string, string | KubernetesObject>;
    /** `hub.lifecycle`. */
    lifecycle: KubernetesObject;
    /** `hub.db.pvc`: the volume of the data folder. */
    pvc: {
      annotations?: Record<string, string>;
      selector?: KubernetesObject;
      /** Default `1Gi`. */
      storage?: string | number;
      accessModes?: string[];
      storageClassName?: string;
      subPath?: string;
    };
  };
  /** The edge's pods: `jupyterhub.proxy.chp`, and the service in front of them, `proxy.service`. */
  edge: PartSettings & {
    service: KubernetesServiceSettings;
    https: HttpsSettings;
  };
  /** `jupyterhub.ingress`. */
  ingress: {
    enabled: boolean;
    annotations: Record<string, string>;
    ingressClassName?: string;
    hosts: string[];
    pathSuffix?: string;
    pathType: 'Prefix' | 'Exact' | 'ImplementationSpecific';
    tls: KubernetesObject[];
    extraPaths: KubernetesObject[];
  };
  /** `jupyterhub.httpRoute`. */
  httpRoute: {
    enabled: boolean;
    annotations: Record<string, string>;
    hostnames: string[];
    parentRefs: KubernetesObject[];
  };
  /** `jupyterhub.singleuser.networkPolicy`. */
  serverNetworkPolicy: NetworkPolicySettings;
  /** `jupyterhub.scheduling`. */
  scheduling: {
    podPriority: {
      enabled: boolean;
      globalDefault: boolean;
      /** Default 0. */
      defaultPriority: number;
      /** Default -5. */
      imagePullerPriority: number;
      /** Default -10. */
      userPlaceholderPriority: number;
    };
    userPlaceholder: PartSettings & { enabled: boolean };
    corePods: PlacementSettings;
    userPods: PlacementSettings;
  };
  /** `jupyterhub.prePuller`. */
  prePuller: PartSettings & {
    continuous: {
      /** Default true, as in z2jh. */
      enabled: boolean;
      daemonsetAnnotations?: Record<string, string>;
    };
    hook: Pick<PartSettings, 'nodeSelector' | 'tolerations'> & {
      /** Default true, as in z2jh. */
      enabled: boolean;
      daemonsetAnnotations?: Record<string, string>;
      /** Default true. */
      pullOnlyOnChanges: boolean;
      /** Seconds after which pods without a place on a node are waited for no more. Default 10. */
      podSchedulingWaitDuration: number;
    };
    /** Default true. */
    pullProfileListImages: boolean;
    extraImages: Record<string, { name: string; tag: string; pullPolicy?: string | undefined }>;
    extraTolerations: KubernetesObject[];
    pause: { image: ImageSettings; containerSecurityContext?: KubernetesObject };
  };
}

/** What holds when nothing is written. */
export function defaultDeployment(): DeploymentSettings {
  const part = (): PartSettings => ({
    serviceAccount: {},
    networkPolicy: { egressAllowRules: {} },
  });
  return {
    image: {},
    createRbac: true,
    imagePullSecrets: [],
    imagePullSecret: { create: false, automaticReferenceInjection: true },
    hub: { ...part(), service: {}, extraEnv: {}, lifecycle: {}, pvc: {} },
    edge: { ...part(), service: {}, https: defaultHttps() },
    ingress: { enabled: false, annotations: {}, hosts: [], pathType: 'Prefix', tls: [], extraPaths: [] },
    httpRoute: { enabled: false, annotations: {}, hostnames: [], parentRefs: [] },
    serverNetworkPolicy: { egressAllowRules: {} },
    scheduling: {
      podPriority: {
        enabled: false,
        globalDefault: false,
        defaultPriority: 0,
        imagePullerPriority: -5,
        userPlaceholderPriority: -10,
      },
      userPlaceholder: { ...part(), enabled: true },
      corePods: { matchNodePurpose: 'prefer' },
      userPods: { matchNodePurpose: 'prefer' },
    },
    prePuller: {
      ...part(),
      continuous: { enabled: true },
      hook: { enabled: true, pullOnlyOnChanges: true, podSchedulingWaitDuration: 10 },
      pullProfileListImages: true,
      extraImages: {},
      extraTolerations: [],
      pause: { image: {} },
    },
  };
}

function defaultHttps(): HttpsSettings {
  const secret = { crt: 'tls.crt', key: 'tls.key' };
  return { enabled: false, type: 'letsencrypt', hosts: [], manual: {}, secret };
}
