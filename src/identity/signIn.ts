import type { Clock } from '../core/clock.ts';
import { AtollError } from '../core/errors.ts';
import type { Logger } from '../observability/logger.ts';
import type { Authenticated } from './authenticators/contract.ts';
import type { Client } from './http/client.ts';
import { networkOf } from './http/networkOf.ts';
import type { Identity } from './identity.ts';
import { Throttle } from './throttle.ts';
import type { User } from './users.ts';

/** The one text for wrong credentials, whatever was wrong with them. */
const failedMessage = 'Invalid username or password';

/**
 * What happens between "here are my credentials" and "you are in", the same for every authenticator: normalise the name,
 * authenticate, validate, blocked users, the allow rule (nobody by default), create the user, flags, groups.
 */
export class SignIn {
  readonly #identity: Identity;
  readonly #log: Logger;
  readonly #perUser: Throttle;
  readonly #perNetwork: Throttle;

  constructor({ identity, clock, log }: { identity: Identity; clock: Clock; log: Logger }) {
    this.#identity = identity;
    this.#log = log;
    this.#perUser = new Throttle({ free: 5, firstWaitSeconds: 2, lastWaitSeconds: 900, capacity: 10_000 }, clock);
    this.#perNetwork = new Throttle({ free: 100, firstWaitSeconds: 2, lastWaitSeconds: 900, capacity: 10_000 }, clock);
  }

  get #blocked(): ReadonlySet<string> {
    return this.#identity.policy.blocked;
  }

  get #allowed(): ReadonlySet<string> {
    return this.#identity.policy.allowed;
  }

  get #admins(): ReadonlySet<string> {
    return this.#identity.policy.admins;
  }

  /**
   * Signs somebody in with the fields of the authenticator's form.
   * @throws AtollError `ATOLL_SIGN_IN_FAILED`, `ATOLL_SIGN_IN_THROTTLED`, `ATOLL_NOT_ALLOWED`, `ATOLL_ACCOUNT_PENDING`, `ATOLL_BUSY`
   */
  async withForm(fields: Readonly<Record<string, string>>, client: Client): Promise<User> {
    const { authenticator } = this.#identity;
    const username = this.#identity.toUserName((fields.username ?? '').trim());
    // Names that cannot exist are not looked at any further, and not logged: they can be long, or made to deceive a log.
    if (username === undefined || authenticator.form.length === 0) throw failed();
    return this.throttled(username, client, async () => {
      const person = await authenticator.authenticate({ username, fields });
      if (!person) {
        this.#log.info({ user: username, address: client.address }, 'sign-in failed');
        throw failed();
      }
      return this.#admit(person, username);
    });
  }

  /**
   * Signs somebody in with the secret of a login link, and uses it up. Whoever made the link has let them in.
   * @throws AtollError `ATOLL_LINK_INVALID`, `ATOLL_NOT_ALLOWED`
   */
  async withLink(secret: string): Promise<User> {
    const user = await this.#identity.links.redeem(secret);
    if (!user) throw new AtollError('ATOLL_LINK_INVALID', 'This login link has been used or is too old.');
    return this.#admit({ name: user.name, admitted: true }, user.name);
  }

  /**
   * Runs one attempt to prove that somebody knows a password; too many failures by the same client make it wait. An attempt
   * counts as a failure until it has succeeded, so that parallel guesses count as well.
   * @throws AtollError `ATOLL_SIGN_IN_THROTTLED`, and whatever the attempt throws
   */
  async throttled<T>(username: string, { address }: Client, attempt: () => Promise<T>): Promise<T> {
    const network = networkOf(address);
    const key = `${network} ${username}`;
    const wait = Math.max(this.#perUser.waitSeconds(key), this.#perNetwork.waitSeconds(network));
    if (wait > 0)
      throw new AtollError('ATOLL_SIGN_IN_THROTTLED', `Too many failed attempts. Try again in ${wait} seconds.`, {
        retryAfterSeconds: wait,
      });
    this.#perUser.failed(key);
    this.#perNetwork.failed(network);
    const result = await attempt();
    this.#perUser.succeeded(key);
    // Not forgotten: otherwise whoever has an account could guess those of others without end.
    this.#perNetwork.forgive(network);
    return result;
  }

  async #admit(person: Authenticated, typedName: string): Promise<User> {
    const { users, groups } = this.#identity;
    // The typed name went through the map already; a name that an identity provider gave did not.
    const name = person.name === typedName ? typedName : this.#identity.toUserName(person.name);
    if (name === undefined) throw failed();
    const existing = await users.get(name);
    if (this.#blocked.has(name) || !this.#isAllowed(name, person, existing)) {
      this.#log.info({ user: name }, 'sign-in of somebody who is not allowed');
      throw new AtollError('ATOLL_NOT_ALLOWED', 'You are not on the list of people who may use this hub.');
    }
    const user = await users.ensure(name, this.#admins.has(name) ? true : person.admin);
    if (person.groups) await groups.setGroupsOf(name, person.groups);
    if (person.userInfo) await users.setUserInfo(name, person.userInfo);
    if (person.authState) await this.#identity.setAuthState(user, person.authState);
    this.#log.info({ user: name }, 'signed in');
    return user;
  }

  #isAllowed(name: string, person: Authenticated, existing: User | undefined): boolean {
    const { allowAll, allowExistingUsers, allowedUsers } = this.#identity.settings.authentication;
    if (person.admitted || allowAll || this.#allowed.has(name) || this.#admins.has(name)) return true;
    if (person.admin || existing?.admin) return true;
    if (allowExistingUsers && existing) return true;
    return this.#identity.authenticator.allowsAllByDefault && allowedUsers.length === 0;
  }
}

function failed(): AtollError {
  return new AtollError('ATOLL_SIGN_IN_FAILED', failedMessage);
}
