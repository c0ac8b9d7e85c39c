import type { Authenticated } from './authenticators/contract.ts';

/**
 * Functions of the operator's own that take part while people sign in (`post_auth_hook` and the like, in the settings'
 * Python). Each may throw an AtollError, which ends the sign-in and is what the person reads.
 */
export interface SignInHooks {
  /**
   * Called with everybody who may come in, before they do, and again when their provider was asked again. What it returns
   * counts: another name, groups, the admin flag; undefined lets nobody in.
   */
  afterSignIn(person: Authenticated): Promise<Authenticated | undefined>;
  /** What is remembered of somebody (`modify_auth_state_hook`), before it is looked at for groups. */
  modifyAuthState(state: Record<string, unknown>): Promise<Record<string, unknown>>;
  /** The groups that somebody is in (`auth_state_groups_key` as a function); undefined: there is no such function. */
  groupsOf(state: Record<string, unknown>): Promise<readonly string[] | undefined>;
  /** Somebody's name (`username_claim` as a function), from what the provider says; undefined: there is no such function. */
  userNameOf(user: Record<string, unknown>): Promise<string | undefined>;
  /** Whether somebody is still good (`refresh_user_hook`): yes, no, or (undefined) the provider shall be asked. */
  isStillGood(name: string, state: Record<string, unknown> | undefined): Promise<boolean | undefined>;
}
