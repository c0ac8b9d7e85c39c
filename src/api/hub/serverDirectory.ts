import type { OwnedWorkloads } from '../../identity/removeUser.ts';

/** A server as `GET /users/{user}` shows it (JupyterHub's server model), without what special scopes unlock. */
export interface ServerModel {
  name: string;
  ready: boolean;
  pending: string | null;
  url: string;
  [key: string]: unknown;
}

/** What the users' part of the API needs to know about servers. */
export interface ServerDirectory {
  /**
   * The models of these users' servers, by user name. Users without servers may be left out.
   * @param options.includeStopped also those that do not run
   * @param options.includeState for these users, with the internal `state` (scope `admin:server_state`)
   */
  modelsOf(
    users: readonly string[],
    options: { includeStopped: boolean; includeState: ReadonlySet<string> },
  ): Promise<ReadonlyMap<string, readonly ServerModel[]>>;
}

/** What must end before a user can be deleted or renamed. */
export interface UserWorkloads extends OwnedWorkloads {
  /** Whether the user has any that have not ended. */
  hasActive(user: string): Promise<boolean>;
}
