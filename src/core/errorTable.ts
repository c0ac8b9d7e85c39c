/** One row of {@link errorTable}. */
export interface ErrorRow {
  /** HTTP status when the error answers a request. */
  status: number;
  /** When it happens, for the documentation. */
  when: string;
  /** What a person can do about it. */
  nextStep: string;
}

function row(status: number, when: string, nextStep: string): ErrorRow {
  return { status, when, nextStep };
}

/** Every error that a person can meet. `docs/errors.md` lists the same; a test compares the two. */
export const errorTable = {
  // The program itself
  ATOLL_INTERNAL: row(500, 'A defect in Atoll.', 'Look at the log of the hub, and report it with the lines around it.'),
  ATOLL_USAGE: row(400, 'The command line cannot be understood.', 'Run the command with --help.'),
  ATOLL_ALREADY_RUNNING: row(
    409,
    'Another Atoll runs on the same data folder.',
    'Stop the other one, or choose another folder with --data.',
  ),
  ATOLL_NOT_RUNNING: row(
    503,
    'A command needs a running Atoll, and none runs on the data folder.',
    'Start it with `bin/atoll up`, or name its data folder with --data.',
  ),
  ATOLL_PORT_IN_USE: row(500, 'The port that Atoll should listen on is taken.', 'Choose another one with --port.'),
  ATOLL_PORT_FORBIDDEN: row(
    500,
    'The operating system does not let Atoll listen on this address or port.',
    'Choose a port above 1023 with --port, and an address of this machine with --host.',
  ),
  ATOLL_HOST_NEEDS_AUTHENTICATOR: row(
    400,
    'Atoll should listen beyond this machine, but no authenticator is configured.',
    'Configure jupyterhub.hub.config.JupyterHub.authenticator_class in a settings file, or leave out --host.',
  ),
  ATOLL_DATA_NOT_WRITABLE: row(
    500,
    'The data folder cannot be written.',
    'Give this user write permission there, or choose another folder with --data.',
  ),
  ATOLL_DATA_NEWER: row(
    500,
    'The data folder was written by a newer version of Atoll.',
    'Run that version or a newer one, or choose another folder with --data.',
  ),
  ATOLL_DATA_OLDER: row(
    500,
    'A command that only looks at the data folder finds it as an older version of Atoll left it.',
    'Run this version of Atoll on it once, or look with that one.',
  ),
  ATOLL_DATA_DAMAGED: row(
    500,
    'A file of the data folder is damaged.',
    'Bring the data folder back from a copy, or choose another one with --data.',
  ),
  ATOLL_DATABASE_AWAY: row(
    503,
    'The PostgreSQL database of the hub cannot be reached.',
    'Check that the database runs, and that jupyterhub.hub.db.url names it as the hub reaches it.',
  ),
  ATOLL_DATABASE_REFUSED: row(
    500,
    'The PostgreSQL database does not let the hub in, or is not there.',
    'Check user, password and database of jupyterhub.hub.db.url; the user must be able to make tables.',
  ),
  ATOLL_DISK_FULL: row(507, 'No space is left on the disk.', 'Free some space and try again; nothing was half-made.'),
  ATOLL_START_FAILED: row(500, 'The hub or the edge ended while starting.', 'Read the lines printed above.'),

  // Settings
  ATOLL_QUANTITY: row(
    400,
    'An amount of memory or cores cannot be read.',
    'Write memory as 512M or 2G, and cores as 2, 0.5 or 500m.',
  ),
  ATOLL_SETTINGS_INVALID: row(
    400,
    'The settings files have errors.',
    'Correct them as listed; `bin/atoll check -f FILE` lists them without starting anything.',
  ),
  ATOLL_SETTINGS_UNREADABLE: row(
    400,
    'A settings file or folder is missing, or may not be read.',
    'Check the path after -f and its permissions.',
  ),
  ATOLL_SETTINGS_ENCODING: row(400, 'A settings file is not text in UTF-8.', 'Save it as UTF-8.'),
  ATOLL_SETTINGS_ENCRYPTED: row(
    400,
    'A settings file is encrypted with SOPS or age, and cannot be decrypted.',
    'Give an age key in SOPS_AGE_KEY_FILE; or decrypt the file first: sops --decrypt FILE | atoll … -f -',
  ),
  ATOLL_SETTINGS_REFERENCE: row(
    400,
    'What {fromEnv: NAME} or {fromFile: path} refers to cannot be read.',
    'Set the variable where Atoll is started, or mend the path, which begins at the folder of the settings file.',
  ),
  ATOLL_SETTINGS_TOO_LARGE: row(
    400,
    'A settings file is too long, too deeply nested, or unfolds to too much through its aliases.',
    'Take out what is not a setting; large files for servers belong into a volume.',
  ),
  ATOLL_SETTINGS_YAML: row(400, 'A settings file is not valid YAML.', 'Correct it at the place shown.'),
  ATOLL_SETTINGS_DUPLICATE_KEY: row(
    400,
    'A key stands twice in the same map, so that one of the two would be lost.',
    'Keep one of them, or merge the two.',
  ),
  ATOLL_SETTINGS_SEVERAL_DOCUMENTS: row(
    400,
    'A settings file holds several YAML documents, of which only the first would count.',
    'Put them into files of their own and give each with -f.',
  ),
  ATOLL_SETTINGS_NOT_A_MAP: row(
    400,
    'A settings file does not hold keys and values.',
    'Begin it with a key such as jupyterhub:.',
  ),
  ATOLL_SETTINGS_UNKNOWN_KEY: row(
    400,
    'A key is not known: misspelt, or at the wrong place.',
    'Correct its name or its indentation; docs/settings.md lists all keys.',
  ),
  ATOLL_SETTINGS_VALUE: row(400, 'A value is not of the kind that its key takes.', 'Write what the message expects.'),
  ATOLL_SETTINGS_CONFLICT: row(400, 'Two settings contradict each other.', 'Change one of the two.'),
  ATOLL_SETTINGS_NO_EFFECT: row(
    400,
    'Warning: a setting has no effect where Atoll runs now.',
    'Leave it, if the file is used elsewhere too; otherwise take it out.',
  ),
  ATOLL_SETTINGS_NOT_SUPPORTED: row(
    400,
    'Warning: Atoll cannot do yet what a setting asks for.',
    'Check that you can do without it for now.',
  ),
  ATOLL_SETTINGS_AUTHENTICATOR: row(
    400,
    'Warning: the authenticator in the settings is not built yet.',
    'Administrators sign in by the one-time link; choose dummy, shared-password or native for other people.',
  ),
  ATOLL_SETTINGS_NOBODY_MAY_SIGN_IN: row(
    400,
    'Warning: an authenticator is chosen, but the settings let nobody in.',
    'Set allow_all, allowed_users or admin_users under jupyterhub.hub.config.Authenticator.',
  ),
  ATOLL_SETTINGS_WEAK_SECRET: row(
    400,
    'Warning: a password or token in the settings protects nothing, or is too short to be used.',
    'Make a long one: openssl rand -hex 32',
  ),
  ATOLL_SETTINGS_PYTHON: row(
    400,
    'Python in the settings (extraConfig) fails, or does not end in time.',
    'Correct it at the line shown; the full traceback is in the log.',
  ),
  ATOLL_SETTINGS_PYTHON_PART: row(
    400,
    'Something that Python in the settings sets or replaces is not carried over: a warning, or an error where it may decide who comes in.',
    'Write it as the message suggests, or check that you can do without it.',
  ),
  ATOLL_PYTHON_FAILED: row(
    500,
    'A function that the settings define in Python (a hook, a handler of options) failed, died, or did not end in time.',
    'Correct the Python at the line shown; the full traceback is in the log of the hub. The next call starts it anew.',
  ),
  ATOLL_PYTHON_REFUSED: row(
    403,
    'A function that the settings define in Python refused what was asked for.',
    'Do as the message says; it is written by those who run this hub.',
  ),

  // The import of a JupyterHub
  ATOLL_IMPORT_UNREADABLE: row(
    400,
    'The file that should be imported is missing, may not be read, or is no SQLite database.',
    'Check the path; the file of JupyterHub is called jupyterhub.sqlite.',
  ),
  ATOLL_IMPORT_NOT_JUPYTERHUB: row(
    400,
    'The database that should be imported is not that of a JupyterHub.',
    'Check the path; the file of JupyterHub is called jupyterhub.sqlite.',
  ),
  ATOLL_IMPORT_TOO_OLD: row(
    400,
    'The database was made by a JupyterHub whose tokens have no scopes yet.',
    'Bring it up to date first: jupyterhub upgrade-db, with JupyterHub 3 or later, on a copy of the file.',
  ),
  ATOLL_IMPORT_DAMAGED: row(
    400,
    'The database that should be imported is damaged, or holds something that JupyterHub does not write.',
    'Bring the file back from a copy; nothing of it was imported.',
  ),
  ATOLL_IMPORT_NAME: row(
    400,
    'A user or group of the database has a name that cannot be one here, or that is another one here.',
    'Rename or delete it in JupyterHub, then import again; nothing was imported.',
  ),
  ATOLL_IMPORT_CRYPT_KEY: row(
    400,
    'The key in JUPYTERHUB_CRYPT_KEY is not the one of that JupyterHub, or no key at all.',
    'Set the key that JupyterHub had, or unset it to import without auth state; nothing was imported.',
  ),

  // Requests
  ATOLL_BAD_REQUEST: row(400, 'The request cannot be understood.', 'Correct the request as the message says.'),
  ATOLL_NOT_FOUND: row(404, 'There is no such page, user, server or cluster.', 'Check the address.'),

  // The edge
  ATOLL_EDGE_CERTIFICATE: row(
    500,
    'The certificate and key with which the edge should end TLS cannot be read, or do not belong together.',
    'Give a certificate with its chain and the private key that belongs to it, both in PEM, without a passphrase.',
  ),
  ATOLL_EDGE_BAD_REQUEST: row(
    400,
    'The bytes that reached the edge are not valid HTTP/1.1, or could be understood in two ways.',
    'Correct the request; browsers and common HTTP clients send valid ones.',
  ),
  ATOLL_EDGE_REQUEST_TIMEOUT: row(
    408,
    'The header fields of a request did not arrive in time.',
    'Send the request again over a working network.',
  ),
  ATOLL_EDGE_FOREIGN_ORIGIN: row(
    403,
    'A page of another site tried to open a WebSocket to a page that only its viewers may see.',
    'Open the dashboard at its own address.',
  ),
  ATOLL_EDGE_HUB_AWAY: row(
    503,
    'The hub is not running, or is just starting.',
    'Try again in a few seconds; running servers and clusters are not affected.',
  ),
  ATOLL_EDGE_SERVER_AWAY: row(
    503,
    'The server or dashboard behind this address does not take connections: it is starting, or has just ended.',
    'Try again in a few seconds; when it stays like this, look at the server on the home page of the hub.',
  ),
  ATOLL_EDGE_CONNECTION_LOST: row(
    502,
    'The program behind this address ended the connection before it answered; it may or may not have done what was asked.',
    'Look whether it was done, and try again if not.',
  ),
  ATOLL_EDGE_BAD_RESPONSE: row(
    502,
    'The program behind this address answered with something that is not valid HTTP/1.1.',
    'Look at the log of that program.',
  ),

  // Notebook servers
  ATOLL_PROFILE_INVALID: row(
    400,
    'Somebody asked for a profile, or a choice within one, that is not offered to them.',
    'Choose one of those that the message names.',
  ),
  ATOLL_NO_PROFILE: row(
    403,
    'The hub has profiles, and none of them is for this person.',
    'Ask an administrator for membership of one of the groups that a profile is for.',
  ),
  ATOLL_SERVER_TRAIT_INVALID: row(
    500,
    'A profile or a hook sets something about a server to a value that cannot be used.',
    'Correct it in the settings: `bin/atoll check -f FILE` names the line.',
  ),
  ATOLL_SERVER_NOT_FOUND: row(
    404,
    'The person has no server of that name.',
    'Look at the list of servers on the home page.',
  ),
  ATOLL_SERVER_EXISTS: row(409, 'The person has a server of that name already.', 'Choose another name.'),
  ATOLL_SERVER_NAME_INVALID: row(
    400,
    'The name of a named server breaks the rules.',
    'Use a letter first, then letters, digits and single hyphens, all lower case, at most 30 characters.',
  ),
  ATOLL_SERVER_ALREADY_RUNNING: row(400, 'A start was asked for, but the server runs.', 'Open it, or stop it first.'),
  ATOLL_SERVER_STOPPING: row(
    400,
    'A start or change was asked for while the server is stopping.',
    'Wait until it has stopped, then try again.',
  ),
  ATOLL_SERVER_NOT_STOPPED: row(400, 'The server must be stopped for this change.', 'Stop it first.'),
  ATOLL_SERVER_NOT_STARTING: row(400, 'Progress was asked for, but no start is under way.', 'Start the server.'),
  ATOLL_SERVER_NOT_RUNNING: row(
    424,
    'A request went to a notebook server that does not run.',
    'Start the server; files are kept, kernels and terminals are not.',
  ),
  ATOLL_REDIRECT_LOOP: row(
    500,
    'A notebook server is ready, but the edge does not lead to it.',
    'Stop and start the server; when it happens again, look at the log of the edge.',
  ),
  ATOLL_DEFAULT_SERVER_STAYS: row(
    400,
    'The default server was to be deleted; only named servers can be.',
    'Stop it instead.',
  ),
  ATOLL_NAMED_SERVERS_OFF: row(
    400,
    'A named server was asked for, but they are switched off.',
    'Use the default server, or ask the administrator to set hub.allowNamedServers.',
  ),
  ATOLL_NAMED_SERVER_LIMIT: row(
    400,
    'The person has as many named servers as are allowed.',
    'Delete one of them first.',
  ),
  ATOLL_ACTIVE_SERVER_LIMIT: row(
    429,
    'As many servers run as the settings allow (hub.activeServerLimit).',
    'Try again in a few minutes, or ask somebody to stop a server.',
  ),
  ATOLL_SERVER_EXITED: row(
    500,
    'The process of a notebook server ended by itself.',
    'Read its last lines, then start it again.',
  ),
  ATOLL_SERVER_KILLED: row(
    500,
    'The process of a notebook server was killed from outside, most often because memory ran out.',
    'Start it again, and use less memory or ask for more.',
  ),
  ATOLL_SERVER_OUT_OF_MEMORY: row(
    500,
    'A notebook server used more memory than it may.',
    'Start it again, and use less memory or ask for more.',
  ),
  ATOLL_SERVER_NO_ANSWER: row(
    500,
    'A notebook server runs but answers no request in time (singleuser.startTimeout).',
    'Read its last lines, then start it again; a slow disk or a start-up script of your own is the usual cause.',
  ),
  ATOLL_SERVER_LOST: row(500, 'Nothing is left of a notebook server that should run.', 'Start it again.'),
  ATOLL_SERVER_DISK_FULL: row(
    507,
    'A notebook server ended because the disk is full.',
    'Delete files, or ask for more space.',
  ),
  ATOLL_SERVER_MODULE_MISSING: row(
    500,
    'The Python environment of a notebook server lacks a module that it needs.',
    'Install it in the environment, or remove the configuration that asks for it; jupyterhub and jupyterlab must be there.',
  ),
  ATOLL_SERVER_CANNOT_REACH_HUB: row(
    500,
    'A notebook server could not reach the hub while starting.',
    'Start it again; when it happens again, the administrator should look at the network between servers and hub.',
  ),
  ATOLL_SERVER_PORT_TAKEN: row(
    500,
    'The port chosen for a notebook server was taken by another program.',
    'Start it again.',
  ),
  ATOLL_SERVER_NOT_PERMITTED: row(
    500,
    'A notebook server may not write a file or folder that it needs.',
    'Ask the administrator to give you write permission there.',
  ),

  // The process runtime
  ATOLL_OWNER_NAME: row(
    400,
    'A user has a name for which no folder can be made: empty, only dots, or with a slash or a control character.',
    'Give the user another name.',
  ),
  ATOLL_SYSTEM_ACCOUNT: row(
    403,
    'A user has the name of an account that belongs to the operating system.',
    'Give the user another name, or block it with Authenticator.blocked_users.',
  ),
  ATOLL_HOME_MISSING: row(
    500,
    'The account that a workload should run as has no home folder.',
    'Ask the administrator to make the home folder of the account.',
  ),
  ATOLL_ACCOUNT_MISSING: row(
    500,
    'A service should run as an account that this machine does not have, or that Atoll may not become.',
    'Make the account, or correct `user` of the service in the settings; only root can become another account.',
  ),
  ATOLL_FOLDER_UNREACHABLE: row(
    500,
    'The accounts of the users cannot pass through a folder on the way to their files.',
    'Let others pass through that folder (chmod o+x), or choose another data folder with --data.',
  ),
  ATOLL_KUBERNETES_ACCESS: row(
    503,
    'There is no way to the Kubernetes API server: no kubeconfig or service account, or one that does not lead there.',
    'Check `kubectl cluster-info` with the same kubeconfig, or name another one in KUBECONFIG.',
  ),
  ATOLL_KUBERNETES_FORBIDDEN: row(
    500,
    'The account that Atoll has on Kubernetes lacks a right.',
    'Give it the right that is named, or deploy again: `atoll deploy` makes a role with all that Atoll needs.',
  ),
  ATOLL_KUBERNETES_QUOTA: row(
    403,
    'The resource quota of the Kubernetes namespace is used up.',
    'Wait until others have stopped what they run, or ask an administrator to raise the quota.',
  ),
  ATOLL_KUBERNETES_REFUSED: row(
    422,
    'The Kubernetes API server does not accept what Atoll made from the settings.',
    'Correct the setting that the named field comes from.',
  ),
  ATOLL_DEPLOY_IMAGE: row(
    400,
    'Nobody said which image holds Atoll itself.',
    'Build it from the Containerfile, push it to a registry of yours, and name it with --image or atoll.deploy.image.',
  ),
  ATOLL_DEPLOY_FOREIGN: row(
    409,
    'Something that was to be deployed is there already, and belongs to somebody else.',
    'Choose another namespace with --namespace, or remove what is there.',
  ),
  ATOLL_DEPLOY_CONFLICT: row(
    409,
    'Somebody has changed by hand what the deployment writes.',
    'Put the change into the settings, or take the field over again with --force-conflicts.',
  ),
  ATOLL_DEPLOY_BUSY: row(
    409,
    'A release is deployed by one at a time, and somebody else is at it.',
    'Wait until that is done, and look what came of it (`atoll deploy … --dry-run`) before you deploy yours.',
  ),
  ATOLL_DEPLOY_UNHEALTHY: row(
    500,
    'What was deployed did not become healthy in time.',
    'Mend what is named and deploy again. `atoll doctor` looks once more.',
  ),
  ATOLL_DEPLOY_NO_RELEASE: row(
    404,
    'There is no such release in the namespace.',
    'Check --name and --namespace, and the context of your kubeconfig.',
  ),
  ATOLL_PROGRAM_MISSING: row(
    500,
    'The program that a workload should run does not exist.',
    'Correct the command in the settings, or install the program.',
  ),
  ATOLL_LAUNCH_FAILED: row(
    500,
    'The operating system did not start a process.',
    'Look at the evidence, and at the limits of processes and memory of this machine.',
  ),

  // Requests to the hub's API and pages
  ATOLL_UNAUTHENTICATED: row(
    403,
    'The request carries no token or login, or one that is unknown, expired or revoked.',
    'Sign in, or send a valid token as "Authorization: token …".',
  ),
  ATOLL_FORBIDDEN: row(403, 'The person or program may not do this.', 'Ask an administrator of the hub.'),
  ATOLL_SCOPE_MISSING: row(
    403,
    'The token or login does not have the scopes that the request needs.',
    'Use a token with one of the scopes that the message names.',
  ),
  ATOLL_XSRF: row(
    403,
    'A request with a login cookie lacks its XSRF token, or another site made it.',
    'Load the page again and repeat; programs should use a token instead of a cookie.',
  ),
  ATOLL_METHOD_NOT_ALLOWED: row(405, 'The address exists, but not for this HTTP method.', 'Check the method.'),
  ATOLL_CONFLICT: row(409, 'What should be created exists already.', 'Choose another name.'),
  ATOLL_CONTENT_TYPE: row(415, 'The body of the request is of a kind that the address does not take.', 'Send JSON.'),
  ATOLL_BODY_TOO_LARGE: row(413, 'The body of the request is larger than the hub accepts.', 'Send less at a time.'),

  // Signing in
  ATOLL_SIGN_IN_FAILED: row(403, 'The user name or the password is wrong.', 'Check both and try again.'),
  ATOLL_SIGN_IN_THROTTLED: row(429, 'Somebody failed to sign in too often.', 'Wait as long as the message says.'),
  ATOLL_NOT_ALLOWED: row(
    403,
    'The person is who they say, but the settings do not let them in.',
    'Ask an administrator to add the name to Authenticator.allowed_users.',
  ),
  ATOLL_SIGN_IN_STATE: row(
    400,
    'Somebody came back from signing in elsewhere, and this browser had not begun it, or too long ago.',
    'Sign in again from the sign-in page, in one browser, with cookies allowed.',
  ),
  ATOLL_PROVIDER_FAILED: row(
    502,
    'The service where people sign in could not be reached, or gave an answer that cannot be used.',
    'Try again; if it stays so, let an administrator look at the log of the hub.',
  ),
  ATOLL_NAME_OF_ANOTHER: row(
    403,
    'Somebody signs in under a name that belongs to another account of the same service, or of another one.',
    'Ask an administrator: if both are the same person, setting auth_state of the user to null (PATCH /hub/api/users/NAME) lets the new account in.',
  ),
  ATOLL_AUTH_STATE_CLOSED: row(
    500,
    'What a sign-in service said about somebody was encrypted with a key that is not there any more.',
    'Bring the key back in CryptKeeper.keys, behind the present one; or let the person sign in again, which replaces the state.',
  ),
  ATOLL_SIGN_IN_AGAIN: row(
    403,
    'What the sign-in service said about a person is too old, and could not be refreshed.',
    'Sign out, and sign in again.',
  ),
  ATOLL_ACCOUNT_PENDING: row(
    403,
    'The account has not been approved yet.',
    'Ask an administrator of the hub to approve it, on the page Accounts.',
  ),
  ATOLL_LINK_INVALID: row(
    403,
    'A login link was used before, or is older than 15 minutes.',
    'Make a new link with `bin/atoll login` where Atoll runs, with the --data that it was started with, if any.',
  ),
  ATOLL_ACCOUNT_EXISTS: row(409, 'Somebody has that user name already.', 'Choose another one, or sign in.'),
  ATOLL_PASSWORD_UNFIT: row(400, 'The password is too short, too long, or the user name.', 'Choose another password.'),
  ATOLL_BUSY: row(503, 'The hub has more to do than it can take on right now.', 'Try again in a few seconds.'),
  ATOLL_OAUTH_REQUEST_INVALID: row(
    400,
    'A program asked the hub to sign somebody in, in a way that cannot be trusted.',
    'Start again from the page you came from. If it happens again, that program is configured wrongly.',
  ),
  ATOLL_SHARE_CODE_INVALID: row(
    404,
    'A link that shares a server is unknown, revoked or too old.',
    'Ask whoever sent it for a new one.',
  ),
  ATOLL_TOO_MANY_TOKENS: row(400, 'A user has the most API tokens that one may have.', 'Revoke some, at /hub/token.'),

  // Settings of identity
  ATOLL_AUTHENTICATOR_INVALID: row(
    400,
    'The settings of the authenticator do not fit together.',
    'Correct them as the message says.',
  ),
  ATOLL_AUTHENTICATOR_INCOMPLETE: row(
    400,
    'The settings of the authenticator lack something that it cannot do without.',
    'Write it into a settings file; a file with secrets may be one of its own.',
  ),
  ATOLL_ROLE_INVALID: row(400, 'A role in the settings is wrong.', 'Correct the entry of loadRoles.'),
  ATOLL_SCOPE_INVALID: row(400, 'A custom scope in the settings is wrong.', 'Correct custom_scopes.'),
  ATOLL_SERVICE_INVALID: row(400, 'A service in the settings is wrong.', 'Correct the entry of services.'),
  ATOLL_USER_NAME_INVALID: row(
    400,
    'A name cannot be that of a user or group: empty, too long, with a slash, white space around it or control characters.',
    'Choose another name.',
  ),
  ATOLL_USERNAME_PATTERN_INVALID: row(
    400,
    'Authenticator.username_pattern is not a regular expression.',
    'Correct it; the whole name must match.',
  ),

  // Dask clusters
  ATOLL_CLUSTER_NOT_FOUND: row(
    404,
    "There is no cluster of that name, or it is somebody else's.",
    'Look at gateway.list_clusters(); clusters that ended are forgotten after a day.',
  ),
  ATOLL_CLUSTER_NOT_YOURS: row(
    403,
    'An administrator may look at the clusters of others and stop them, but not scale them.',
    'Ask the owner, or stop the cluster.',
  ),
  ATOLL_CLUSTER_NOT_RUNNING: row(
    409,
    'A cluster was to be scaled that is not running (yet, or any more).',
    'Make a new one with GatewayCluster().',
  ),
  ATOLL_GATEWAY_QUERY_INVALID: row(
    422,
    'A parameter of a request to the gateway is not one of the allowed values.',
    'Correct the parameter that the message names.',
  ),
  ATOLL_CLUSTER_LIMIT: row(
    409,
    'A cluster was asked for that a limit on clusters, workers, cores or memory does not leave room for.',
    'Stop clusters that are not needed any more, or ask an administrator for more.',
  ),
  ATOLL_CLUSTER_FAILED: row(
    409,
    'The scheduler of a cluster could not be started, or ended by itself.',
    'Read the reason and its last lines in the message, then make a new cluster.',
  ),
  ATOLL_CLUSTER_OPTIONS_INVALID: row(
    422,
    'An option of a new cluster is unknown, or its value is not allowed.',
    'gateway.cluster_options() shows what can be chosen.',
  ),
  ATOLL_CLUSTER_SCALE_INVALID: row(
    422,
    'The number of workers asked for is no number of workers.',
    'Use a whole number from 0 on, and for adapt a minimum that is not above the maximum.',
  ),
  ATOLL_CLUSTER_STATUS_UNKNOWN: row(
    422,
    'A list of clusters was asked for by a status that does not exist.',
    'Use PENDING, RUNNING, STOPPING, STOPPED or FAILED.',
  ),
  ATOLL_GATEWAY_SIGN_IN: row(
    401,
    'A request to the gateway carries no valid token.',
    'Use dask_gateway with auth="jupyterhub" and a token of the hub (JUPYTERHUB_API_TOKEN).',
  ),
  ATOLL_GATEWAY_FORBIDDEN: row(
    403,
    'The token is valid, but does not carry the right to use Dask clusters.',
    'Make a token with the scope access:services!service=dask-gateway.',
  ),
  ATOLL_GATEWAY_BODY_INVALID: row(
    422,
    'A request to the gateway holds JSON that is not an object.',
    'Use the dask_gateway package, or send an object.',
  ),
  ATOLL_HEARTBEAT_INVALID: row(
    422,
    "A scheduler reported in a form that is not dask-gateway's.",
    'Use the same version of dask-gateway in the environment as Atoll comes with.',
  ),
  ATOLL_HEARTBEAT_OUTDATED: row(
    409,
    'A scheduler reported at the moment at which the wanted number of workers changed.',
    'Nothing: it reports again by itself.',
  ),

  // The Python environment
  ATOLL_PYTHON_MISSING: row(
    500,
    'This machine has no Python that is new enough (3.11).',
    'Install it (Debian, Ubuntu: apt install python3), or name an environment with ATOLL_PYTHON_ENV.',
  ),
  ATOLL_PYTHON_ENV_UNUSABLE: row(
    500,
    'The Python environment that ATOLL_PYTHON_ENV names cannot run servers and clusters.',
    'Install jupyterhub, jupyterlab, dask, distributed and dask-gateway there, or unset ATOLL_PYTHON_ENV to let Atoll build one.',
  ),
  ATOLL_INDEX_UNREACHABLE: row(
    500,
    'The Python packages cannot be fetched.',
    'Check the network; behind a proxy or with an index of your own set HTTPS_PROXY or UV_DEFAULT_INDEX. Starting again goes on where it stopped.',
  ),
  ATOLL_CHECKSUM_MISMATCH: row(
    500,
    'A fetched package differs from the one that Atoll was made with. Nothing of it was used.',
    'Try again; when it stays so, somebody between this machine and the package index changes packages.',
  ),
  ATOLL_UV_UNAVAILABLE: row(
    500,
    'The program that installs Python packages (uv) cannot be fetched for this machine.',
    'Install uv and put it on PATH, or name an environment with ATOLL_PYTHON_ENV.',
  ),
  ATOLL_ENVIRONMENT_FAILED: row(
    500,
    'The Python environment could not be built.',
    'Read the lines above, then start again; nothing half-made is used.',
  ),
} as const satisfies Record<string, ErrorRow>;

/** A code of {@link errorTable}. */
export type ErrorCode = keyof typeof errorTable;
