/**
 * What the operator asked for, after layering and validation, in Atoll's own words. Everything above `config/` reads this
 * and never the values files. Each field names the values key it comes from.
 */
export interface Settings {
  /** How people sign in. */
  authentication: AuthenticationSettings;
  /** Who holds which rights. */
  roles: RoleSettings[];
  /** Scopes for services' own use, by name (`custom:…`). `hub.config.JupyterHub.custom_scopes`. Undefined: none. */
  customScopes?: Record<string, { description: string; scopes: string[] }>;
  /** Groups to create, with members and properties. `hub.loadGroups` / `hub.config.JupyterHub.load_groups`. */
  groups: Record<string, { users: string[]; properties: Record<string, unknown> }>;
  /** Services, by name. `hub.services`. */
  services: Record<string, ServiceSettings>;
  /** Notebook servers. `singleuser` and `hub`. */
  servers: ServerSettings;
  /** Dask clusters. `dask-gateway.gateway`. */
  clusters: ClusterSettings;
}

/** The authenticator in use; one folder of `identity/authenticators/` each. */
export type AuthenticatorName = 'link' | 'dummy' | 'sharedpassword' | 'native';

export interface AuthenticationSettings {
  /**
   * `hub.config.JupyterHub.authenticator_class`. Default `link`: only the one-time link printed on the terminal signs in.
   */
  authenticator: AuthenticatorName;
  /** Whether the settings file chose the authenticator. */
  configured: boolean;
  /** `hub.config.Authenticator.admin_users`. */
  adminUsers: string[];
  /** `hub.config.Authenticator.allowed_users`. */
  allowedUsers: string[];
  /** `hub.config.Authenticator.blocked_users`. */
  blockedUsers: string[];
  /** `hub.config.Authenticator.allow_all`. Default false. */
  allowAll: boolean;
  /** `hub.config.Authenticator.allow_existing_users`. Default: whether allowedUsers is not empty (as upstream). */
  allowExistingUsers: boolean;
  /** `hub.config.Authenticator.username_pattern`, or undefined. */
  usernamePattern?: string;
  /** `hub.config.Authenticator.username_map`. */
  usernameMap: Record<string, string>;
  /** `hub.config.DummyAuthenticator.password`: the one password for everybody; undefined: any. */
  dummyPassword?: string;
  /** `hub.config.SharedPasswordAuthenticator.user_password` (8 characters or more). */
  sharedUserPassword?: string;
  /** `hub.config.SharedPasswordAuthenticator.admin_password` (32 characters or more). */
  sharedAdminPassword?: string;
  /** `hub.config.NativeAuthenticator.open_signup`: accounts need no approval. Default false. */
  nativeOpenSignup: boolean;
  /** `hub.config.NativeAuthenticator.minimum_password_length`. Default 8. */
  nativeMinimumPasswordLength: number;
}

/** One entry of `hub.loadRoles`. */
export interface RoleSettings {
  name: string;
  description: string;
  scopes: string[];
  users: string[];
  groups: string[];
  services: string[];
}

/** One entry of `hub.services`. */
export interface ServiceSettings {
  name: string;
  /** `apiToken` / `api_token`. */
  apiToken?: string;
  /** Gives the `admin` role. Default false. */
  admin: boolean;
  /** Proxied at `/services/NAME/`; undefined: not proxied. */
  url?: string;
  /** Shown in the services menu. Default true. */
  display: boolean;
  /** Skip the consent page. Default false. */
  oauthNoConfirm: boolean;
  oauthClientId?: string;
  oauthRedirectUri?: string;
  oauthClientAllowedScopes: string[];
  info: Record<string, unknown>;
  /** How the hub runs it; undefined: somebody else does. */
  managed?: ManagedServiceSettings;
}

/** A service that the hub starts, and starts again when it ends. */
export interface ManagedServiceSettings {
  /** Program and arguments. `python` in first place is the Python of the environment. */
  command: string[];
  /** The folder it starts in; undefined: the one that Atoll was started in. */
  cwd?: string;
  environment: Record<string, string>;
  /** The account it runs as; undefined: Atoll's own. */
  user?: string;
}

export interface ServerSettings {
  /** `singleuser.memory.guarantee` / `.limit`, in bytes. */
  memoryGuarantee?: number;
  memoryLimit?: number;
  /** `singleuser.cpu.guarantee` / `.limit`, in cores. */
  coreGuarantee?: number;
  coreLimit?: number;
  /** `singleuser.extraEnv`; templates not yet expanded. */
  environment: Record<string, string>;
  /** `singleuser.defaultUrl`, such as `/lab`. */
  defaultUrl?: string;
  /** `singleuser.cmd`; undefined: Atoll's own command for `jupyterhub-singleuser`. */
  command?: string[];
  /** `hub.config.Spawner.args`. */
  extraArguments: string[];
  /** `singleuser.startTimeout`, seconds that a start may take. Default 300. */
  startTimeoutSeconds: number;
  /** `hub.allowNamedServers`. Default false. */
  allowNamedServers: boolean;
  /** `hub.namedServerLimitPerUser`; 0: no limit. */
  namedServerLimit: number;
  /** `hub.concurrentSpawnLimit`; 0: no limit. Default 64. */
  concurrentStartLimit: number;
  /** `hub.activeServerLimit`; 0: no limit. */
  activeServerLimit: number;
  /** `hub.redirectToServer`: after sign-in, start (or open) the person's server. Default true. */
  redirectToServer: boolean;
}

/** What one scheduler or worker gets. Amounts requested count against the limits of the cluster, as in dask-gateway. */
export interface ClusterResources {
  /** Bytes requested. Default 2 GiB. */
  memory: number;
  /** Cores requested, whole or fraction. Default 1. */
  cores: number;
  /** Bytes at most; undefined: what is requested. What Dask is told as its memory limit. */
  memoryLimit?: number;
  /** Cores at most; undefined: what is requested. */
  coreLimit?: number;
}

export interface ClusterSettings {
  /** `dask-gateway.gateway.backend.worker`. */
  worker: ClusterResources & {
    /** Threads of a worker; undefined: as many as whole cores, one at least. */
    threads?: number;
  };
  /** `dask-gateway.gateway.backend.scheduler`. */
  scheduler: ClusterResources;
  /** `atoll.clusters.maxWorkers` and its kin (`c.ClusterConfig.cluster_max_workers`): limits of one cluster. Undefined: none. */
  maxWorkers?: number;
  maxCores?: number;
  maxMemory?: number;
  /** `atoll.clusters.idleTimeout`: seconds without work after which a cluster ends itself; 0: never. */
  idleTimeoutSeconds: number;
  /** `atoll.clusters.adaptivePeriod`: seconds between two looks of the adaptive loop. Default 3. */
  adaptivePeriodSeconds: number;
  /** `dask-gateway.gateway.backend.environment`. */
  environment: Record<string, string>;
  /** `atoll.clusters.startTimeout`: seconds that a scheduler or worker may take to start. Default 60. */
  startTimeoutSeconds: number;
}

/** The settings when nobody wrote any: this machine only, the one-time link, plain Dask. */
export function defaultSettings(): Settings {
  return {
    authentication: {
      authenticator: 'link',
      configured: false,
      adminUsers: [],
      allowedUsers: [],
      blockedUsers: [],
      allowAll: false,
      allowExistingUsers: false,
      usernameMap: {},
      nativeOpenSignup: false,
      nativeMinimumPasswordLength: 8,
    },
    roles: [],
    groups: {},
    services: {},
    servers: {
      environment: {},
      extraArguments: [],
      startTimeoutSeconds: 300,
      allowNamedServers: false,
      namedServerLimit: 0,
      concurrentStartLimit: 64,
      activeServerLimit: 0,
      redirectToServer: true,
    },
    clusters: {
      worker: { memory: 2 * 1024 ** 3, cores: 1 },
      scheduler: { memory: 2 * 1024 ** 3, cores: 1 },
      idleTimeoutSeconds: 0,
      adaptivePeriodSeconds: 3,
      environment: {},
      startTimeoutSeconds: 60,
    },
  };
}
