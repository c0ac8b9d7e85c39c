import type { Clock } from '../core/clock.ts';
import { AtollError, messageOf } from '../core/errors.ts';
import type { Logger } from '../observability/logger.ts';
import type { Store } from '../store/store.ts';
import type { SignInMethod } from './authenticators/createAuthenticator.ts';
import { forgetCredentials } from './forgetCredentials.ts';
import type { Identity } from './identity.ts';
import { somethingRunsFor } from './somethingRunsFor.ts';
import { toUser, type User } from './users.ts';

/** Whether somebody may go on: yes; not before they have signed in again; no. */
export type Standing = 'stands' | 'signInAgain' | 'lost';

/** What was found out: all about them; that they are fine; nothing; that they shall prove who they are; that they are gone. */
type Verdict = 'known' | 'good' | 'stale' | 'doubtful' | 'gone';

/** Seconds until a provider that could not be reached is asked again about the same person. */
const retrySeconds = 60;
/** People remembered who need no look-up; beyond, all are forgotten. */
const capacity = 50_000;
/** People asked about at a time by the schedule. */
const atATime = 4;
/** The shortest and the longest time between two rounds of the schedule, in milliseconds. */
const [shortestRoundMs, longestRoundMs] = [1000, 60_000];

/**
 * Asks providers again about people who are signed in: `auth_refresh_age` after the last time, when they next do something; and
 * on a schedule about those for whom something runs. Who may not be here any more loses everything at once: logins, tokens,
 * what runs. While a provider cannot be reached, everything stays as it is.
 */
export class AuthRefresh {
  readonly #identity: Identity;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Logger;
  /** Methods that can ask again, by provider. */
  readonly #methods: ReadonlyMap<string, SignInMethod>;
  readonly #freshUntil = new Map<number, number>();
  readonly #underWay = new Map<number, Promise<Standing>>();
  readonly #losers: ((user: User) => Promise<void>)[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(dependencies: { identity: Identity; store: Store; clock: Clock; log: Logger }) {
    this.#identity = dependencies.identity;
    this.#store = dependencies.store;
    this.#clock = dependencies.clock;
    this.#log = dependencies.log;
    this.#methods = new Map(
      dependencies.identity.methods
        .filter(({ authenticator, settings }) => authenticator.refresh && settings.authRefreshAgeSeconds > 0)
        .map((method) => [method.authenticator.provider, method]),
    );
  }

  /** Calls `end` whenever somebody loses their access, to end what runs for them; before their credentials end. */
  whenLost(end: (user: User) => Promise<void>): void {
    this.#losers.push(end);
  }

  /** Begins the schedule. */
  start(): void {
    const ages = [...this.#methods.values()].map(({ settings }) => settings.authRefreshAgeSeconds * 1000);
    if (ages.length === 0) return;
    const round = Math.min(longestRoundMs, Math.max(shortestRoundMs, Math.min(...ages) / 2));
    const next = (): void => {
      this.#timer = setTimeout(() => {
        this.sweep()
          .catch((error: unknown) => this.#log.warn({ error: messageOf(error) }, 'a round of asking providers failed'))
          .finally(() => this.#timer && next());
      }, round);
      this.#timer.unref();
    };
    next();
  }

  /** Ends the schedule, and waits for what is under way. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await Promise.allSettled(this.#underWay.values());
  }

  /** Whether a token of the user with this key is good: `auth_refresh_strict` decides for who has to sign in again. */
  async allowsTokensOf(userId: number): Promise<boolean> {
    const standing = await this.standingOf(userId);
    return standing === 'stands' || (standing === 'signInAgain' && !(await this.#isStrictFor(userId)));
  }

  async #isStrictFor(userId: number): Promise<boolean> {
    const provider = (await this.#identity.users.getById(userId))?.vouchedBy?.provider;
    return provider !== undefined && this.#methods.get(provider)?.settings.authRefreshStrict === true;
  }

  /** Whether the user with this key may go on; asks the provider when it is time. */
  async standingOf(userId: number): Promise<Standing> {
    if (this.#methods.size === 0 || (this.#freshUntil.get(userId) ?? 0) > this.#clock.now()) return 'stands';
    const user = await this.#identity.users.getById(userId);
    const method = user?.vouchedBy ? this.#methods.get(user.vouchedBy.provider) : undefined;
    if (!user?.vouchedBy || !method) return 'stands';
    const until = user.vouchedBy.askedAt + method.settings.authRefreshAgeSeconds * 1000;
    if (until <= this.#clock.now()) return this.#ask(user, method);
    this.#remember(userId, until);
    return 'stands';
  }

  /**
   * Before a server starts, where `refresh_pre_spawn` says so: asks the provider whatever the age.
   * @param byOwnerInBrowser whether who asks for the start can be sent to sign in again at once. A program cannot, nor an
   * administrator for somebody else: these are turned away only where `auth_refresh_strict` says so, as in JupyterHub 6.1
   * @throws AtollError `ATOLL_NOT_ALLOWED`, `ATOLL_SIGN_IN_AGAIN`
   */
  async beforeStart(name: string, byOwnerInBrowser: boolean): Promise<void> {
    const user = await this.#identity.users.get(name);
    const method = user?.vouchedBy ? this.#methods.get(user.vouchedBy.provider) : undefined;
    if (!user || !method) return;
    const { refreshPreSpawn, enableAuthState, authRefreshStrict } = method.settings;
    if (!(refreshPreSpawn ?? enableAuthState ?? false)) return;
    const standing = await this.#ask(user, method);
    if (standing === 'lost') throw new AtollError('ATOLL_NOT_ALLOWED', `${name} may not use this hub any more.`);
    if (standing === 'signInAgain' && (byOwnerInBrowser || authRefreshStrict))
      throw new AtollError('ATOLL_SIGN_IN_AGAIN', `${name} has to sign in again before a server can start.`);
  }

  /** One round: asks about everybody for whom something runs and whose time has come. */
  async sweep(): Promise<void> {
    for (const [provider, method] of this.#methods) {
      const due = this.#clock.now() - method.settings.authRefreshAgeSeconds * 1000;
      const waiting = (await this.#busyUsers(provider, due)).filter(
        ({ id }) => (this.#freshUntil.get(id) ?? 0) <= this.#clock.now(),
      );
      const askInTurn = async (): Promise<void> => {
        for (let user = waiting.pop(); user; user = waiting.pop()) await this.#ask(user, method);
      };
      await Promise.all(Array.from({ length: atATime }, askInTurn));
    }
  }

  async #busyUsers(provider: string, due: number): Promise<User[]> {
    const rows = await this.#store.db
      .selectFrom('users')
      .selectAll()
      .where('auth_provider', '=', provider)
      .where('auth_refreshed_at', '<=', due)
      .where(somethingRunsFor)
      .orderBy('auth_refreshed_at', 'desc')
      .execute();
    return rows.map(toUser);
  }

  /** Asks once, however many want to know. */
  #ask(user: User, method: SignInMethod): Promise<Standing> {
    const asked = this.#underWay.get(user.id);
    if (asked) return asked;
    const asking = this.#askNow(user, method).finally(() => this.#underWay.delete(user.id));
    this.#underWay.set(user.id, asking);
    return asking;
  }

  async #askNow(user: User, method: SignInMethod): Promise<Standing> {
    const age = method.settings.authRefreshAgeSeconds * 1000;
    let answer: Verdict;
    try {
      answer = await this.#judge(user, method);
    } catch (error) {
      // A class's own rules, and the operator's own functions, may say no in words.
      if (!(error instanceof AtollError) || !['ATOLL_NOT_ALLOWED', 'ATOLL_PYTHON_REFUSED'].includes(error.code)) {
        const evidence = error instanceof AtollError ? error.evidence : undefined;
        this.#log.warn({ user: user.name, error: messageOf(error), evidence }, 'a provider cannot be asked; all stays');
        this.#remember(user.id, this.#clock.now() + Math.min(age, retrySeconds * 1000));
        return 'stands';
      }
      answer = 'gone';
    }
    if (answer === 'gone') {
      await this.#endAccess(user);
      return 'lost';
    }
    // Who did not ask for auth state is not made to sign in for its sake.
    const stands = answer === 'known' || answer === 'good' || (answer === 'stale' && !method.settings.enableAuthState);
    // Where that is strict, whatever their tokens ask for is asked about again, until they have signed in.
    if (stands || !method.settings.authRefreshStrict) {
      this.#remember(user.id, this.#clock.now() + age);
      if (answer !== 'known') await this.#identity.authStates.asked(user, this.#clock.now());
    }
    if (stands) return 'stands';
    this.#log.info({ user: user.name }, 'the provider does not take what is remembered; signed out');
    await this.#identity.sessions.endOthers(user.id, undefined);
    return 'signInAgain';
  }

  /** What the operator's own function says about somebody; when it says nothing, what the provider does. */
  async #judge(user: User, method: SignInMethod): Promise<Verdict> {
    const authState = await this.#identity.authStates.remembered(user);
    const isGood = await this.#identity.hooks?.isStillGood(user.name, authState);
    if (isGood !== undefined) return isGood ? 'good' : 'doubtful';
    const answer = (await method.authenticator.refresh?.({ name: user.name, authState })) ?? { kind: 'stale' };
    if (answer.kind !== 'known') return answer.kind;
    return (await this.#identity.signIn.readmit(method, answer.person, user)) ? 'known' : 'gone';
  }

  async #endAccess(user: User): Promise<void> {
    this.#log.info({ user: user.name }, 'access lost: the provider or its groups do not let this person in any more');
    // What runs first: when the hub ends in between, the next question leads here again.
    for (const end of this.#losers) await end(user);
    await this.#store.write(async (write) => {
      await forgetCredentials(write, user.id);
      await write.audit({ action: 'user.access-lost', target: user.name });
    });
    this.#freshUntil.delete(user.id);
  }

  #remember(userId: number, until: number): void {
    if (this.#freshUntil.size >= capacity) this.#freshUntil.clear();
    this.#freshUntil.set(userId, until);
  }
}
