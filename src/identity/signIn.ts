import type { Clock } from '../core/clock.ts';
import { AtollError } from '../core/errors.ts';
import type { Logger } from '../observability/logger.ts';
import type { Authenticated } from './authenticators/contract.ts';
import type { SignInMethod } from './authenticators/createAuthenticator.ts';
import type { Client } from './http/client.ts';
import { networkOf } from './http/networkOf.ts';
import type { Identity } from './identity.ts';
import { compileUsernamePattern, isValidName, toUserName } from './names.ts';
import { Throttle } from './throttle.ts';
import type { User, Voucher } from './users.ts';

/** The one text for wrong credentials, whatever was wrong with them. */
const failedMessage = 'Invalid username or password';

/** Groups of one person that are taken over from a provider. */
const mostGroups = 1000;

/** People and networks, or pairs of them, that are remembered while failures are counted. */
const capacity = 10_000;

/**
 * What happens between "here are my credentials" and "you are in", the same for every authenticator: normalise the name,
 * authenticate, validate, blocked users, the allow rule (nobody by default), create the user, flags, groups.
 */
export class SignIn {
  readonly #identity: Identity;
  readonly #clock: Clock;
  readonly #log: Logger;
  /** Failures of one person from one network. */
  readonly #perUser: Throttle;
  readonly #perNetwork: Throttle;
  /** Failures of one person from all networks but those they have signed in from. */
  readonly #perUserAnywhere: Throttle;
  readonly #familiar = new Set<string>();
  readonly #newUsersPerNetwork: Throttle;

  constructor({ identity, clock, log }: { identity: Identity; clock: Clock; log: Logger }) {
    this.#identity = identity;
    this.#clock = clock;
    this.#log = log;
    const slow = { firstWaitSeconds: 2, lastWaitSeconds: 900, capacity };
    this.#perUser = new Throttle({ ...slow, free: 5 }, clock);
    this.#perNetwork = new Throttle({ ...slow, free: 100 }, clock);
    this.#newUsersPerNetwork = new Throttle({ ...slow, free: 60 }, clock);
    // A short wait: it is the person's too, when they come from somewhere new meanwhile.
    this.#perUserAnywhere = new Throttle({ ...slow, free: 50, lastWaitSeconds: 60 }, clock);
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
   * Signs somebody in with the fields of an authenticator's form; `method` among them is its path, where there are several.
   * @throws AtollError `ATOLL_SIGN_IN_FAILED`, `ATOLL_SIGN_IN_THROTTLED`, `ATOLL_NOT_ALLOWED`, `ATOLL_ACCOUNT_PENDING`,
   * `ATOLL_NAME_OF_ANOTHER`, `ATOLL_PROVIDER_FAILED`, `ATOLL_BUSY`
   */
  async withForm(fields: Readonly<Record<string, string>>, client: Client): Promise<User> {
    const forms = this.#identity.methods.filter(({ authenticator }) => authenticator.form.length > 0);
    const method = forms.length > 1 ? forms.find(({ path }) => path === fields.method) : forms[0];
    const username = method && this.#nameWithin(method, (fields.username ?? '').trim());
    // Names that cannot exist are not looked at any further, and not logged: they can be long, or made to deceive a log.
    if (!method || username === undefined) throw failed();
    return this.throttled(method.prefix + username, client, async () => {
      const person = await method.authenticator.authenticate({ username, fields });
      if (!person) {
        this.#log.info({ user: username, address: client.address }, 'sign-in failed');
        throw failed();
      }
      return this.admit(method, person, username);
    });
  }

  /**
   * Signs in whoever makes a request, without a form.
   * @throws AtollError `ATOLL_NOT_ALLOWED` when the request does not say who that is, or cannot be believed,
   * `ATOLL_SIGN_IN_THROTTLED`
   */
  async atOnce(method: SignInMethod, request: Request, client: Client): Promise<User> {
    const { instant, service } = method.authenticator;
    const network = networkOf(client.address);
    if (instant?.makesUsers) {
      const wait = this.#newUsersPerNetwork.waitSeconds(network);
      if (wait > 0) throw tooMany(`Too many people came from this address. Try again in ${wait} seconds.`, wait);
      this.#newUsersPerNetwork.failed(network);
    }
    const person = await instant?.identify(request);
    if (!person)
      throw new AtollError('ATOLL_NOT_ALLOWED', `Nobody says who you are: you should come here by way of ${service}.`, {
        nextStep: 'Use the address that you were given for this hub, or ask its administrator.',
      });
    return this.admit(method, person);
  }

  /**
   * Signs somebody in with the secret of a login link, and uses it up. Whoever made the link has let them in.
   * @throws AtollError `ATOLL_LINK_INVALID`, `ATOLL_NOT_ALLOWED`
   */
  async withLink(secret: string): Promise<User> {
    const user = await this.#identity.links.redeem(secret);
    if (!user) throw new AtollError('ATOLL_LINK_INVALID', 'This login link has been used or is too old.');
    if (this.#blocked.has(user.name)) throw this.#notAllowed(user.name);
    if (this.#admins.has(user.name) && !user.admin) await this.#identity.users.setAdmin(user.name, true);
    this.#log.info({ user: user.name }, 'signed in with a link');
    return { ...user, admin: user.admin || this.#admins.has(user.name) };
  }

  /**
   * Runs one attempt to prove that somebody knows a password; too many failures by the same client make it wait, and so do too
   * many for the same person, from however many clients. An attempt counts as a failure until it has succeeded, so that
   * parallel guesses count as well.
   * @throws AtollError `ATOLL_SIGN_IN_THROTTLED`, and whatever the attempt throws
   */
  async throttled<T>(username: string, { address }: Client, attempt: () => Promise<T>): Promise<T> {
    const network = networkOf(address);
    const key = `${network} ${username}`;
    const counters: [Throttle, string][] = [
      [this.#perUser, key],
      [this.#perNetwork, network],
    ];
    // Whoever guesses from all over the world does not shut the person out where they usually are.
    if (!this.#familiar.has(key)) counters.push([this.#perUserAnywhere, username]);
    const wait = Math.max(...counters.map(([counter, of]) => counter.waitSeconds(of)));
    if (wait > 0) throw tooMany(`Too many failed attempts. Try again in ${wait} seconds.`, wait);
    for (const [counter, of] of counters) counter.failed(of);
    const result = await attempt();
    this.#perUser.succeeded(key);
    this.#perUserAnywhere.forgive(username);
    this.#becomeFamiliar(key);
    // Not forgotten: otherwise whoever has an account could guess those of others without end.
    this.#perNetwork.forgive(network);
    return result;
  }

  #becomeFamiliar(key: string): void {
    // Added anew, so that the one that was not seen for longest is the first.
    this.#familiar.delete(key);
    this.#familiar.add(key);
    if (this.#familiar.size <= capacity) return;
    const [oldest] = this.#familiar;
    if (oldest !== undefined) this.#familiar.delete(oldest);
  }

  /**
   * Lets somebody in whom an authenticator knows, or not.
   * @param typed the name within the method that was typed, which went through the map already
   * @throws AtollError `ATOLL_NOT_ALLOWED`, `ATOLL_NAME_OF_ANOTHER`, `ATOLL_SIGN_IN_FAILED` for a name that cannot be one
   */
  async admit(method: SignInMethod, person: Authenticated, typed?: string): Promise<User> {
    const name = this.#nameOf(method, person, typed);
    if (name === undefined) throw failed();
    const existing = await this.#identity.users.get(name);
    if (existing) this.#checkSamePerson(method, person, name, existing.vouchedBy);
    if (!this.#isAllowed(method, name, person, existing)) throw this.#notAllowed(name, method);
    const known = this.#withAdminFlag(person, name);
    const { hooks } = this.#identity;
    const entering = hooks ? await hooks.afterSignIn(known) : known;
    if (!entering) throw this.#notAllowed(name, method);
    return entering.name === person.name ? this.#enter(method, entering, name) : this.#enterAs(method, entering);
  }

  /** Lets somebody in whom the operator's own function gave another name: a user of that name must be theirs too. */
  async #enterAs(method: SignInMethod, person: Authenticated): Promise<User> {
    const name = this.#nameOf(method, person);
    if (name === undefined) throw failed();
    if (this.#blocked.has(name)) throw this.#notAllowed(name, method);
    return this.#enter(method, this.#withAdminFlag(person, name), name);
  }

  async #enter(method: SignInMethod, person: Authenticated, name: string): Promise<User> {
    const { users } = this.#identity;
    const user = await users.ensure(name);
    // First whose account it is: of two who come at the same time under one name, the second must change nothing.
    await this.#keep(method, person, user);
    if (person.admin !== undefined && person.admin !== user.admin) await users.setAdmin(name, person.admin);
    this.#log.info({ user: name }, 'signed in');
    return { ...user, admin: person.admin ?? user.admin };
  }

  /** Whom the settings name is an administrator, whatever the authenticator says. */
  #withAdminFlag(person: Authenticated, name: string): Authenticated {
    return this.#admins.has(name) ? { ...person, admin: true } : person;
  }

  /**
   * Applies what an authenticator says now about somebody who is signed in. `false`: they may not be here any more.
   */
  async readmit(method: SignInMethod, said: Authenticated, user: User): Promise<boolean> {
    const saidName = this.#nameOf(method, said);
    if (saidName === undefined || !this.#isAllowed(method, saidName, said, user)) return false;
    const known = this.#withAdminFlag(said, saidName);
    const { hooks } = this.#identity;
    const person = hooks ? await hooks.afterSignIn(known) : known;
    if (!person) return false;
    const { subject = null } = user.vouchedBy ?? {};
    const name = person.name === said.name ? saidName : this.#nameOf(method, person);
    // The account behind the token is another one, or has another name, which is somebody else here.
    if (name !== user.name || (subject !== null && subject !== (person.subject ?? null))) return false;
    if (this.#blocked.has(name)) return false;
    const { admin } = this.#withAdminFlag(person, name);
    if (admin !== undefined && admin !== user.admin) await this.#identity.users.setAdmin(name, admin);
    await this.#keep(method, person, user);
    return true;
  }

  async #keep(method: SignInMethod, person: Authenticated, user: User): Promise<void> {
    const { users, groups, authStates } = this.#identity;
    const { provider } = method.authenticator;
    await authStates.keep(
      user,
      { provider, subject: person.subject ?? null, askedAt: this.#clock.now() },
      person.authState,
      (before) => this.#checkSamePerson(method, person, user.name, before),
    );
    if (person.groups) await groups.setGroupsOf(user.name, this.#groupNames(person.groups));
    const info = person.userInfo ?? {};
    if (Object.keys(info).length > 0) await users.setUserInfo(user.name, info);
  }

  #groupNames(names: readonly string[]): string[] {
    const good = names.filter((name) => isGroupName(name)).slice(0, mostGroups);
    if (good.length < names.length)
      this.#log.warn({ left: names.length - good.length }, 'groups of a provider that cannot be groups here');
    return good;
  }

  /** The user's whole name: what the authenticator says, normalised and mapped, behind the prefix of the method. */
  #nameOf(method: SignInMethod, person: Authenticated, typed?: string): string | undefined {
    const within = person.name === typed ? typed : this.#nameWithin(method, person.name);
    return within === undefined || method.prefix === '' ? within : this.#identity.toUserName(method.prefix + within);
  }

  #nameWithin(method: SignInMethod, name: string): string | undefined {
    if (this.#identity.settings.authentication.authenticator !== 'multi') return this.#identity.toUserName(name);
    const { usernameMap: map, usernamePattern } = this.#identity.authenticationOf(method);
    return toUserName(name, {
      map,
      ...(usernamePattern !== undefined && { pattern: compileUsernamePattern(usernamePattern) }),
    });
  }

  /**
   * The same name is not the same person: providers give names of old accounts to new ones, some tell `Ada` from `ada`, and two
   * providers may have one of that name each.
   */
  #checkSamePerson(
    { authenticator }: SignInMethod,
    { subject }: Authenticated,
    name: string,
    vouchedBy: Voucher | null,
  ): void {
    if (!vouchedBy) return;
    const other =
      vouchedBy.provider === authenticator.provider
        ? vouchedBy.subject !== null && vouchedBy.subject !== (subject ?? null)
        : // One that is not used any more has handed its people over.
          this.#identity.methods.some((method) => method.authenticator.provider === vouchedBy.provider);
    if (!other) return;
    this.#log.warn({ user: name }, 'sign-in under the name of another account');
    throw new AtollError('ATOLL_NAME_OF_ANOTHER', `The name ${name} belongs to another account.`);
  }

  #isAllowed(method: SignInMethod, name: string, person: Authenticated, existing: User | undefined): boolean {
    const { allowAll, allowExistingUsers, allowedUsers } = this.#identity.authenticationOf(method);
    if (this.#blocked.has(name)) return false;
    if (person.admitted || allowAll || this.#allowed.has(name) || this.#admins.has(name)) return true;
    // By a group of the provider's. The flag that an account has already is no rule: who loses the rule that let them in
    // would stay if they were an administrator.
    if (person.admin) return true;
    if (allowExistingUsers && existing) return true;
    return method.authenticator.allowsAllByDefault && allowedUsers.length === 0;
  }

  #notAllowed(name: string, method?: SignInMethod): AtollError {
    this.#log.info({ user: name }, 'sign-in of somebody who is not allowed');
    const { refusal } = method?.authenticator ?? {};
    return new AtollError('ATOLL_NOT_ALLOWED', refusal ?? 'You are not on the list of people who may use this hub.');
  }
}

/** Whether a provider's group can be one here: 1 to 255 characters, none of them for controlling anything. */
function isGroupName(name: string): boolean {
  return isValidName(name.replaceAll('/', '-'));
}

function failed(): AtollError {
  return new AtollError('ATOLL_SIGN_IN_FAILED', failedMessage);
}

function tooMany(message: string, retryAfterSeconds: number): AtollError {
  return new AtollError('ATOLL_SIGN_IN_THROTTLED', message, { retryAfterSeconds });
}
