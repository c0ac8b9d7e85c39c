import { readFileSync } from 'node:fs';
import { AtollError, messageOf } from '../../../core/errors.ts';
import { asMap, badAnswer, parseJson, textsIn } from '../oauth/claims.ts';
import type { ProviderHttp } from '../oauth/providerHttp.ts';

/** How Google groups are read. */
export interface GoogleGroupsOptions {
  /** Without a final slash. */
  api: string;
  http: ProviderHttp;
  /** By domain, the file with the service account's key. */
  keyFiles: Readonly<Record<string, string>>;
  /** By domain, the administrator as whom it reads: the part before the `@`. */
  administrators: Readonly<Record<string, string>>;
  /** Whether groups of groups count. */
  nested: boolean;
}

const service = 'Google';
const grantType = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const mostPages = 50;
const mostGroups = 1000;

/** The groups of Google Workspace, read by the Directory API with a service account (domain-wide delegation, RFC 7523). */
export class GoogleGroups {
  readonly #options: GoogleGroupsOptions;
  readonly #tokens = new Map<string, { token: string; until: number }>();

  constructor(options: GoogleGroupsOptions) {
    this.#options = options;
  }

  /**
   * The groups of a member, as names before the `@`.
   * @throws AtollError `ATOLL_PROVIDER_FAILED`, `ATOLL_AUTHENTICATOR_INVALID`
   */
  async of(email: string, domain: string): Promise<string[]> {
    if (!Object.hasOwn(this.#options.keyFiles, domain)) return [];
    const token = await this.#tokenFor(domain);
    const found = new Set<string>();
    const waiting = [email];
    for (let member = waiting.pop(); member !== undefined; member = waiting.pop()) {
      for (const group of await this.#directGroupsOf(member, token)) {
        if (found.has(group) || found.size >= mostGroups) continue;
        found.add(group);
        if (this.#options.nested) waiting.push(`${group}@${domain}`);
      }
    }
    return [...found].sort();
  }

  async #directGroupsOf(member: string, token: string): Promise<string[]> {
    const { api, http } = this.#options;
    const names: string[] = [];
    let pageToken: unknown;
    for (let page = 0; page < mostPages; page++) {
      const url = new URL(`${api}/admin/directory/v1/groups`);
      url.searchParams.set('userKey', member);
      if (typeof pageToken === 'string') url.searchParams.set('pageToken', pageToken);
      const { status, body } = await http.get(url.href, token);
      const answer = asMap(body);
      if (status !== 200 || !answer) throw badAnswer(service, `the list of groups: status ${status}`);
      const groups = Array.isArray(answer.groups) ? answer.groups : [];
      names.push(...textsIn(groups.map((group) => asMap(group)?.email)).map((email) => email.split('@')[0] ?? ''));
      pageToken = answer.nextPageToken;
      if (typeof pageToken !== 'string' || pageToken === '') break;
    }
    return names;
  }

  async #tokenFor(domain: string): Promise<string> {
    const kept = this.#tokens.get(domain);
    if (kept && kept.until > Date.now()) return kept.token;
    const { api, http, administrators } = this.#options;
    const administrator = administrators[domain];
    if (administrator === undefined)
      throw new AtollError(
        'ATOLL_AUTHENTICATOR_INVALID',
        `Google groups of ${domain} need gsuite_administrator for it.`,
      );
    const { importPKCS8, SignJWT } = await import('jose');
    const key = readKey(this.#options.keyFiles[domain] ?? '');
    const assertion = await new SignJWT({ scope: `${api}/auth/admin.directory.group.readonly` })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
      .setIssuer(key.client_email)
      .setSubject(`${administrator}@${domain}`)
      .setAudience(key.token_uri)
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(await importPKCS8(key.private_key, 'RS256'));
    const response = await http.fetch(key.token_uri, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', Accept: 'application/json' },
      body: new URLSearchParams({ grant_type: grantType, assertion }),
    });
    const answer = response.ok ? asMap(parseJson(await response.text())) : undefined;
    if (typeof answer?.access_token !== 'string')
      throw badAnswer(service, `the token of the service account: status ${response.status}`);
    const seconds = typeof answer.expires_in === 'number' ? answer.expires_in : 600;
    this.#tokens.set(domain, { token: answer.access_token, until: Date.now() + (seconds - 60) * 1000 });
    return answer.access_token;
  }
}

interface ServiceAccountKey {
  client_email: string;
  private_key: string;
  token_uri: string;
}

function readKey(path: string): ServiceAccountKey {
  try {
    const key = asMap(JSON.parse(readFileSync(path, 'utf8')));
    const { client_email, private_key, token_uri = 'https://oauth2.googleapis.com/token' } = key ?? {};
    if (typeof client_email !== 'string' || typeof private_key !== 'string' || typeof token_uri !== 'string')
      throw new Error('it is no key of a service account');
    return { client_email, private_key, token_uri };
  } catch (error) {
    throw new AtollError('ATOLL_AUTHENTICATOR_INVALID', "The key of Google's service account cannot be used.", {
      // A parser's message may quote the file.
      evidence: `${path}: ${error instanceof SyntaxError ? 'it is no JSON' : messageOf(error)}`,
    });
  }
}
