import { type DeploymentSettings, defaultDeployment } from './deploymentSettings.ts';
import type { ClassName, WrittenClasses } from './keys/authenticators/classes.ts';
import {
  type ClusterPodSettings,
  defaultClusterPods,
  defaultServerPods,
  type ServerPodSettings,
} from './podSettings.ts';
import type { ProfileSettings } from './profileSettings.ts';

/**
 * What the operator asked for, after layering and validation, in Atoll's own words. Everything above `config/` reads this
 * and never the values files. Each field names the values key it comes from.
 */
export interface Settings {
  /** Where servers and clusters run: `atoll.runtime`. */
  runtime: RuntimeSettings;
  /** How people sign in. */
  authentication: AuthenticationSettings;
  /** Who holds which rights. */
  roles: RoleSettings[];
  /** Scopes that everybody holds beside the role `user`. `hub.config.JupyterHub.extra_user_scopes`. Undefined: none. */
  extraUserScopes?: string[];
  /** How long tokens last, and what OAuth clients must do. */
  tokens: TokenSettings;
  /** Scopes for services' own use, by name (`custom:…`). `hub.config.JupyterHub.custom_scopes`. Undefined: none. */
  customScopes?: Record<string, { description: string; scopes: string[] }>;
  /** Groups to create, with members and properties. `hub.loadGroups` / `hub.config.JupyterHub.load_groups`. */
  groups: Record<string, { users: string[]; properties: Record<string, unknown> }>;
  /** Services, by name. `hub.services`. */
  services: Record<string, ServiceSettings>;
  /** Notebook servers. `singleuser` and `hub`. */
  servers: ServerSettings;
  /** What people choose from when they start a server. `singleuser.profileList`. */
  profiles: ProfileSettings[];
  /** Dask clusters. `dask-gateway.gateway`. */
  clusters: ClusterSettings;
  /** How the hub's pages look. `hub.templateVars`, `hub.config.JupyterHub.logo_file`. */
  pages: PagesSettings;
  /** Where people reach the hub. */
  addresses: AddressSettings;
  /** The cookies of logins. */
  cookies: CookieSettings;
  /** What stands in front of the edge. */
  edge: EdgeSettings;
  /** What others may see of how the hub is doing. */
  operations: OperationsSettings;
  /** What `atoll deploy` puts on a Kubernetes cluster. `hub`, `proxy`, `scheduling`, `prePuller`, `ingress` and their kin. */
  deployment: DeploymentSettings;
  /** A database elsewhere, in place of the one in the data folder. `hub.db`, on Kubernetes. */
  database?: DatabaseSettings;
}

/** A PostgreSQL database. */
export interface DatabaseSettings {
  /** `hub.db.url`; empty when it is missing. */
  url: string;
  /** `hub.db.password`. Undefined: that of the URL, or of the environment variable PGPASSWORD. */
  password?: string;
}

/** Where servers and clusters run: as processes of this machine, as pods, or as Slurm jobs. */
export type RuntimeKind = 'process' | 'kubernetes' | 'slurm';

/** All runtimes, in the order of the documentation. */
export const runtimeKinds = ['process', 'kubernetes', 'slurm'] as const satisfies readonly RuntimeKind[];

export interface RuntimeSettings {
  /** `atoll.runtime.kind`. Default `process`. */
  kind: RuntimeKind;
}

/** The authenticator in use; one folder of `identity/authenticators/` each. `multi`: several, see `members`. */
export type AuthenticatorName = 'link' | 'null' | 'multi' | ClassName;

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
  /** `hub.config.Authenticator.delete_invalid_users`: users whose name cannot be one any more are deleted. Default false. */
  deleteInvalidUsers: boolean;
  /** `hub.config.Authenticator.manage_groups`: the authenticator decides who is in which group. Default false. */
  manageGroups: boolean;
  /** `hub.config.Authenticator.enable_auth_state`: others may read it. Undefined: only the hub itself, to refresh it. */
  enableAuthState?: boolean;
  /** `hub.config.Authenticator.auth_refresh_age`, seconds; 0: never between sign-ins. Default 300. */
  authRefreshAgeSeconds: number;
  /** `hub.config.Authenticator.auth_refresh_strict`: who has to sign in again is that to programs too. Default false. */
  authRefreshStrict: boolean;
  /** `hub.config.Authenticator.refresh_pre_spawn`. Undefined: whether auth state is enabled. */
  refreshPreSpawn?: boolean;
  /** `hub.config.Authenticator.auto_login`. Undefined: what the authenticator does by itself. */
  autoLogin?: boolean;
  /** `hub.config.Authenticator.login_service`: what the button says. Undefined: the authenticator's own word. */
  loginService?: string;
  /** `hub.config.Authenticator.logout_redirect_url`. */
  logoutRedirectUrl?: string;
  /** `hub.config.CryptKeeper.keys`: for auth state, the first for encrypting. Default: none; Atoll has a key of its own. */
  cryptKeys: string[];
  /** Traits of the authenticator in use, by the names of JupyterHub's classes: `hub.config.GitHubOAuthenticator` and so on. */
  classes: WrittenClasses;
  /** `hub.config.MultiAuthenticator.username_prefix`. */
  memberPrefix?: string;
  /** `hub.config.MultiAuthenticator.authenticators`, when several are in use. */
  members: MemberSettings[];
}

/** One way to sign in, of several. */
export interface MemberSettings {
  /** `url_prefix`: its pages are below `/hub/PATH/`. */
  path: string;
  /** What stands before the names of its people, so that they are nobody else's. */
  prefix: string;
  /** Its own settings. The names in them are without the prefix; those of all members stand in the settings of all, with it. */
  authentication: AuthenticationSettings;
}

export interface TokenSettings {
  /** Seconds that an API token may last at most, which is then also its default. `token_expires_in_max_seconds`; 0: no limit. */
  longestSeconds: number;
  /** Seconds that a token of an OAuth client lasts; it never outlives its login. `oauth_token_expires_in`. Default 14 days. */
  oauthSeconds: number;
  /** Whether OAuth clients must use PKCE. `oauth_require_pkce`. Default false: single-user servers before 6.0 do not. */
  requirePkce: boolean;
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
  /** Variables that are no templates: functions in Python (`KubeSpawner.environment`) make their values at each start. */
  literalEnvironment: Record<string, string>;
  /** `singleuser.defaultUrl`, such as `/lab`. */
  defaultUrl?: string;
  /** `singleuser.cmd`; undefined: Atoll's own command for `jupyterhub-singleuser`. */
  command?: string[];
  /** `hub.config.Spawner.args`. */
  extraArguments: string[];
  /** `hub.config.Spawner.server_token_scopes`: of each server's own token. Undefined or none: those of the role `server`. */
  tokenScopes?: string[];
  /**
   * `hub.config.Spawner.oauth_client_allowed_scopes`: what a server may do in the name of whoever opens it, beside knowing who
   * it is. Undefined: nothing.
   */
  oauthClientAllowedScopes?: string[];
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
  /** `hub.config.JupyterHub.default_url`: where people land who asked for nothing in particular. Undefined: server or home. */
  landingUrl?: string;
  /** What their pods get on Kubernetes. */
  pod: ServerPodSettings;
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

/** How much somebody may have at a time, schedulers counted. What is undefined is not limited. */
export interface ClusterAllowance {
  clusters?: number;
  workers?: number;
  cores?: number;
  /** Bytes. */
  memory?: number;
}

/** `atoll.clusters.limits`: how much people may have at a time, over all of their clusters. */
export interface ClusterLimits {
  /** Each user. */
  user: ClusterAllowance;
  /** All members of a group together, by group name. */
  groups: Record<string, ClusterAllowance>;
  /** Everybody together. */
  total: ClusterAllowance;
  /** What becomes of a request beyond a limit: it waits for its turn, or it is refused. Default `queue`. */
  whenFull: 'queue' | 'refuse';
}

/** One thing that people may choose about their cluster, without Python: `atoll.clusters.options.NAME`. */
export interface ClusterOptionSettings {
  /** The kinds of dask-gateway. */
  type: 'string' | 'bool' | 'int' | 'float' | 'select' | 'mapping';
  /** Shown to people. Default: the name. */
  label?: string;
  default?: unknown;
  /** Bounds of a number. */
  min?: number;
  max?: number;
  /** Other bounds for the members of groups; of several groups the widest count. */
  groups?: Record<string, { min?: number; max?: number; choices?: string[] }>;
  /** The part of a cluster's configuration that it sets, by dask-gateway's name. Default: the name. Not for `select`. */
  sets?: string;
  /** What a number or text becomes: `{}` is replaced by it, such as `{}G`. */
  as?: string;
  /** A `select`'s choices by the name people see: what each sets, by dask-gateway's names. */
  choices?: Record<string, Record<string, unknown>>;
  /** Of a `select`: further choices, shares of such a machine (1, 2, 4 … cores with as much of its memory). Bytes. */
  node?: { cores: number; memory: number };
}

/** How the hub's pages look. What is HTML is the operator's, and shown as it is. */
export interface PagesSettings {
  /** `hub.templateVars.title`: the name at the top and in the browser's tab. Default `Atoll`. */
  title: string;
  /** `hub.config.JupyterHub.logo_file`: a picture in place of Atoll's own. */
  logoFile?: string;
  /** `hub.templateVars.footer`: HTML below each page. */
  footer?: string;
  /** `hub.templateVars.announcement`: HTML at the top of each page. */
  announcement?: string;
  /** `hub.templateVars.announcement_PAGE`: the same for one page, in place of the other. */
  announcements: Partial<Record<AnnouncementPage, string>>;
}

export interface AddressSettings {
  /** `hub.baseUrl`: everything is served below it. Begins and ends with `/`. Default `/`. */
  baseUrl: string;
  /**
   * `hub.config.JupyterHub.subdomain_host`: the hub's own origin (`https://hub.example`), below whose host each user and each
   * service has a host of its own. Undefined: all share one host.
   */
  subdomainHost?: string;
  /** `hub.config.JupyterHub.public_url`: the address of the hub for people, where programs shall be told it. */
  publicUrl?: string;
}

export interface CookieSettings {
  /** `hub.config.JupyterHub.cookie_max_age_days`: how long a login lasts. Default 14. */
  loginDays: number;
  /** `hub.config.JupyterHub.cookie_host_prefix_enabled`: `__Host-` in front of the login cookies' names. Default false. */
  hostPrefix: boolean;
}

/** The pages that JupyterHub's templates have announcements of their own for. */
export type AnnouncementPage = 'home' | 'login' | 'logout' | 'spawn';

export interface OperationsSettings {
  /** `hub.authenticatePrometheus`: whether metrics take a token with the scope read:metrics. Default true. */
  authenticateMetrics: boolean;
  /** `hub.config.JupyterHub.api_page_default_limit`: entries of a page of the API, for clients that do not say. Default 50. */
  defaultPageLength: number;
  /** `hub.config.JupyterHub.api_page_max_limit`: entries that the API gives at once, at most. Default 200. */
  longestPageLength: number;
  /** `atoll.audit.keepDays`: days for which the audit log is kept. Default 400. */
  auditDays: number;
  /** `atoll.audit.keepEntries`: entries of the audit log at most; beyond, the oldest go. Default 1 000 000. */
  auditEntries: number;
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
  /** What their pods get on Kubernetes. */
  pod: ClusterPodSettings;
  /** `atoll.clusters.schedulerCommand` / `workerCommand` (`c.ClusterConfig.scheduler_cmd`). Undefined: Dask's own modules. */
  schedulerCommand?: string[];
  workerCommand?: string[];
  /**
   * `dask-gateway.gateway.auth.jupyterhub.jupyterhubServiceName`: only those may use clusters to whom a role gives the scope
   * `access:services!service=dask-gateway`. Default: everybody may.
   */
  accessByRole?: boolean;
  /** `dask-gateway.gateway.auth.type` is `simple`: {@link sharedPassword} signs in too. Default false. */
  simpleSignIn: boolean;
  /** `dask-gateway.gateway.auth.simple.password`: one password for all. */
  sharedPassword?: string;
  /** `atoll.clusters.limits`. */
  limits: ClusterLimits;
  /** `atoll.clusters.options`, in the order in which people see them. */
  options: Record<string, ClusterOptionSettings>;
  /**
   * `atoll.clusters.lease`: seconds after which a cluster ends that nobody is connected to and that has no work; 0: never.
   * Default 12 hours.
   */
  leaseSeconds: number;
  /** `atoll.clusters.endWithServer`: a cluster ends with the notebook server that made it. Default false. */
  endWithServer: boolean;
  /** `atoll.clusters.restartScheduler`: a scheduler that dies is started anew, instead of ending its cluster. Default false. */
  restartScheduler: boolean;
}

/** What stands in front of the edge. */
export interface EdgeSettings {
  /**
   * `atoll.edge.trustedProxies` / `JupyterHub.trusted_downstream_ips`: addresses and networks of proxies whose
   * X-Forwarded fields count. Default: none.
   */
  trustedProxies: string[];
}

/** The settings when nobody wrote any: this machine only, the one-time link, plain Dask. */
export function defaultSettings(): Settings {
  return {
    runtime: { kind: 'process' },
    authentication: {
      authenticator: 'link',
      configured: false,
      adminUsers: [],
      allowedUsers: [],
      blockedUsers: [],
      allowAll: false,
      allowExistingUsers: false,
      usernameMap: {},
      deleteInvalidUsers: false,
      manageGroups: false,
      authRefreshAgeSeconds: 300,
      authRefreshStrict: false,
      cryptKeys: [],
      classes: {},
      members: [],
    },
    tokens: { longestSeconds: 0, oauthSeconds: 14 * 24 * 3600, requirePkce: false },
    roles: [],
    groups: {},
    services: {},
    servers: {
      environment: {},
      literalEnvironment: {},
      extraArguments: [],
      startTimeoutSeconds: 300,
      allowNamedServers: false,
      namedServerLimit: 0,
      concurrentStartLimit: 64,
      activeServerLimit: 0,
      redirectToServer: true,
      pod: defaultServerPods(),
    },
    profiles: [],
    pages: { title: 'Atoll', announcements: {} },
    addresses: { baseUrl: '/' },
    cookies: { loginDays: 14, hostPrefix: false },
    edge: { trustedProxies: [] },
    operations: {
      authenticateMetrics: true,
      defaultPageLength: 50,
      longestPageLength: 200,
      auditDays: 400,
      auditEntries: 1_000_000,
    },
    clusters: {
      worker: { memory: 2 * 1024 ** 3, cores: 1 },
      scheduler: { memory: 2 * 1024 ** 3, cores: 1 },
      idleTimeoutSeconds: 0,
      adaptivePeriodSeconds: 3,
      environment: {},
      startTimeoutSeconds: 60,
      pod: defaultClusterPods(),
      limits: { user: {}, groups: {}, total: {}, whenFull: 'queue' },
      options: {},
      simpleSignIn: false,
      leaseSeconds: 12 * 3600,
      endWithServer: false,
      restartScheduler: false,
    },
    deployment: defaultDeployment(),
  };
}
