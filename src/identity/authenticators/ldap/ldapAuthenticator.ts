import type { Entry } from 'ldapts';
import { ldapTraits } from '../../../config/keys/authenticators/ldapTraits.ts';
import { withDefaults } from '../../../config/keys/authenticators/trait.ts';
import type { AuthenticationSettings } from '../../../config/settings.ts';
import { AtollError } from '../../../core/errors.ts';
import type { Logger } from '../../../observability/logger.ts';
import { type Authenticated, type Authenticator, plainAuthenticator, type Refreshed } from '../contract.ts';
import { overlaps } from '../oauth/claims.ts';
import { passwordForm } from '../passwordForm.ts';
import { Directory, type DirectorySession, type LdapTraits } from './directory.ts';
import { escapeDnValue, escapeFilterValue, fillTemplate } from './escape.ts';

/** Somebody's entry, and the name that stands for `{username}`. */
interface Found {
  dn: string;
  username: string;
}

/**
 * Names and passwords of an LDAP directory: the password is right when the directory takes it for the person's DN, which is
 * made by a template or looked up.
 * @throws AtollError `ATOLL_AUTHENTICATOR_INCOMPLETE`
 */
export function createLdapAuthenticator(settings: AuthenticationSettings, log: Pick<Logger, 'warn'>): Authenticator {
  const traits = withDefaults(ldapTraits, settings.classes.ldap);
  if (!traits.lookup_dn && traits.bind_dn_template.length === 0)
    throw new AtollError('ATOLL_AUTHENTICATOR_INCOMPLETE', 'LDAPAuthenticator needs bind_dn_template or lookup_dn.');
  return new LdapAuthenticator(traits, settings, log).asAuthenticator();
}

class LdapAuthenticator {
  readonly #traits: LdapTraits;
  readonly #manageGroups: boolean;
  readonly #log: Pick<Logger, 'warn'>;
  readonly #directory: Directory;
  readonly #validName: RegExp;

  constructor(traits: LdapTraits, { manageGroups }: AuthenticationSettings, log: Pick<Logger, 'warn'>) {
    this.#traits = traits;
    this.#manageGroups = manageGroups;
    this.#log = log;
    this.#directory = new Directory(traits);
    this.#validName = new RegExp(traits.valid_username_regex, 'u');
  }

  asAuthenticator(): Authenticator {
    const canLookUp = this.#traits.lookup_dn && this.#traits.lookup_dn_search_user !== undefined;
    return {
      ...plainAuthenticator,
      name: 'ldap',
      provider: 'ldap',
      service: 'your directory account',
      form: passwordForm,
      authenticate: ({ fields }) => this.#authenticate((fields.username ?? '').trim(), fields.password ?? ''),
      ...(canLookUp && { refresh: ({ authState }) => this.#refresh(authState?.login) }),
    };
  }

  async #authenticate(typed: string, password: string): Promise<Authenticated | undefined> {
    // With an empty password, a directory takes a bind for one of nobody, and says yes.
    if (!this.#validName.test(typed) || password.trim() === '') return undefined;
    const looked = this.#traits.lookup_dn
      ? await this.#asSearcher((session) => this.#lookUp(session, typed))
      : undefined;
    if (this.#traits.lookup_dn && !looked) return undefined;
    const username = looked?.username ?? typed;
    const { bind_dn_template: templates } = this.#traits;
    const dns = looked && templates.length === 0 ? [looked.dn] : templates.map((template) => dnOf(template, username));
    for (const dn of dns) {
      const session = await this.#directory.connect(dn, password);
      if (!session) continue;
      try {
        return await this.#describe(session, { dn, username }, typed);
      } finally {
        await session.close();
      }
    }
    return undefined;
  }

  /** Looks somebody up again without their password: whether they are still there, and in which groups. */
  async #refresh(login: unknown): Promise<Refreshed> {
    if (typeof login !== 'string') return { kind: 'stale' };
    return this.#asSearcher(async (session) => {
      const found = await this.#lookUp(session, login);
      const { bind_dn_template: templates } = this.#traits;
      const dn = found && templates[0] !== undefined ? dnOf(templates[0], found.username) : found?.dn;
      const person = found && dn !== undefined ? await this.#describe(session, { ...found, dn }, login) : undefined;
      return person ? { kind: 'known', person } : { kind: 'gone' };
    });
  }

  async #asSearcher<T>(work: (session: DirectorySession) => Promise<T>): Promise<T> {
    const { lookup_dn_search_user, lookup_dn_search_password } = this.#traits;
    const session = await this.#directory.connect(lookup_dn_search_user, lookup_dn_search_password ?? '');
    if (!session)
      throw new AtollError('ATOLL_PROVIDER_FAILED', 'The directory refuses lookup_dn_search_user.', {
        nextStep: 'An administrator has to correct lookup_dn_search_user and lookup_dn_search_password.',
      });
    try {
      return await work(session);
    } finally {
      await session.close();
    }
  }

  async #lookUp(session: DirectorySession, login: string): Promise<Found | undefined> {
    const { lookup_dn_search_filter, lookup_dn_user_dn_attribute, user_attribute, user_search_base } = this.#traits;
    const filter = fillTemplate(lookup_dn_search_filter, {
      login_attr: user_attribute,
      login: escapeFilterValue(login),
    });
    const attributes = lookup_dn_user_dn_attribute === '' ? ['1.1'] : [lookup_dn_user_dn_attribute];
    const entries = await session.search(user_search_base, 'sub', filter, attributes);
    const [entry] = entries;
    if (!entry || entries.length > 1) {
      if (entries.length > 1)
        this.#log.warn({ entries: entries.length }, 'the directory finds several entries for a name');
      return undefined;
    }
    if (lookup_dn_user_dn_attribute === '') return { dn: entry.dn, username: login };
    const values = textsOf(entry, lookup_dn_user_dn_attribute);
    return values.length === 1 ? { dn: entry.dn, username: values[0] ?? '' } : undefined;
  }

  /** Somebody whose password is right, or who was looked up: undefined when search_filter does not find them. */
  async #describe(
    session: DirectorySession,
    { dn, username }: Found,
    login: string,
  ): Promise<Authenticated | undefined> {
    const { search_filter, user_attribute, user_search_base, auth_state_attributes } = this.#traits;
    if (search_filter !== '') {
      const filter = fillTemplate(search_filter, { userattr: user_attribute, username: escapeFilterValue(username) });
      if ((await session.search(user_search_base, 'sub', filter, ['1.1'])).length !== 1) return undefined;
    }
    const { allowed_groups, admin_groups, use_lookup_dn_username } = this.#traits;
    const groups = await this.#groupsOf(session, { dn, username }, [...new Set([...allowed_groups, ...admin_groups])]);
    const [entry] =
      auth_state_attributes.length > 0
        ? await session.search(dn, 'base', '(objectClass=*)', auth_state_attributes)
        : [];
    const attributes = auth_state_attributes.map((name) => [name, entry ? textsOf(entry, name) : []] as const);
    return {
      name: use_lookup_dn_username ? username : login,
      admitted: overlaps(groups, allowed_groups),
      ...(admin_groups.length > 0 && { admin: overlaps(groups, admin_groups) }),
      ...(this.#manageGroups && { groups: groups.map(commonNameOf) }),
      authState: { login, ldap_groups: groups, user_attributes: Object.fromEntries(attributes) },
    };
  }

  async #groupsOf(session: DirectorySession, { dn, username }: Found, wanted: readonly string[]): Promise<string[]> {
    const filter = fillTemplate(this.#traits.group_search_filter, {
      userdn: escapeFilterValue(dn),
      uid: escapeFilterValue(username),
    });
    const found: string[] = [];
    for (const group of wanted)
      if ((await session.search(group, 'base', filter, ['1.1'])).length > 0) found.push(group);
    return found;
  }
}

function dnOf(template: string, username: string): string {
  return fillTemplate(template, { username: escapeDnValue(username) });
}

function textsOf(entry: Entry, attribute: string): string[] {
  const value = entry[attribute];
  return (Array.isArray(value) ? value : [value])
    .filter((item) => item !== undefined)
    .map((item) => (typeof item === 'string' ? item : item.toString('utf8')));
}

/** `cn=staff,ou=groups,dc=example` is the group `staff` in the hub. */
function commonNameOf(dn: string): string {
  return /^[^=,]+=((?:\\.|[^,\\])+)/.exec(dn)?.[1]?.replace(/\\(.)/g, '$1') ?? dn;
}
