import { readFileSync } from 'node:fs';
import type { EnvHttpProxyAgent } from 'undici';
import { AtollError, messageOf } from '../../../core/errors.ts';
import { parseJson } from './claims.ts';

/** How a provider is reached. */
export interface ProviderHttpOptions {
  /** What people know it by. */
  service: string;
  /** Whether its certificate must be good. */
  checkCertificate: boolean;
  /** A file of certificates to trust, in PEM. */
  certificates?: string | undefined;
}

/** The part of fetch's options that is used here. */
interface FetchOptions {
  method?: string;
  headers?: Record<string, string> | Headers;
  body?: unknown;
}

/** An answer of a provider's API. */
export interface ProviderAnswer {
  status: number;
  headers: Headers;
  /** Parsed JSON; undefined when it is none. */
  body: unknown;
}

const timeoutMs = 20_000;
const largestAnswer = 2 * 2 ** 20;

/**
 * Requests to a provider: limited in time and size, without redirects (a token in a header is for one address only), through
 * the proxy that HTTPS_PROXY and its kin name.
 */
export class ProviderHttp {
  readonly #service: string;
  readonly #tls: { rejectUnauthorized: boolean; ca?: string };
  #agent: EnvHttpProxyAgent | undefined;

  /** @throws AtollError `ATOLL_AUTHENTICATOR_INVALID` when the certificates cannot be read. */
  constructor({ service, checkCertificate, certificates }: ProviderHttpOptions) {
    this.#service = service;
    this.#tls = { rejectUnauthorized: checkCertificate, ...(certificates && { ca: readCertificates(certificates) }) };
  }

  /**
   * `fetch`, for libraries too. The whole answer has been read when it resolves.
   * @throws AtollError `ATOLL_PROVIDER_FAILED` when there is no answer.
   */
  readonly fetch = async (url: string | URL, init: FetchOptions = {}): Promise<Response> => {
    // Loaded when the first person signs in: until then the hub is smaller by a good deal.
    const undici = await import('undici');
    this.#agent ??= new undici.EnvHttpProxyAgent({ connect: this.#tls, requestTls: this.#tls });
    try {
      const answer = await undici.fetch(url, {
        method: init.method ?? 'GET',
        headers: Object.fromEntries(new Headers(init.headers)),
        body: init.body === undefined || init.body === null ? null : bodyText(init.body),
        redirect: 'manual',
        dispatcher: this.#agent,
        signal: AbortSignal.timeout(timeoutMs),
      });
      const text = await readBounded(answer.body);
      const empty = [204, 205, 304].includes(answer.status);
      return new Response(empty ? null : text, { status: answer.status, headers: Object.fromEntries(answer.headers) });
    } catch (error) {
      throw new AtollError('ATOLL_PROVIDER_FAILED', `${this.#service} does not answer.`, {
        evidence: `${new URL(url).host}: ${causeOf(error)}`,
      });
    }
  };

  /**
   * Asks the provider's API, with a token.
   * @throws AtollError `ATOLL_PROVIDER_FAILED` when there is no answer, or one of a broken server.
   */
  async get(url: string, token: string, scheme = 'Bearer'): Promise<ProviderAnswer> {
    const response = await this.fetch(url, { headers: apiHeaders({ Authorization: `${scheme} ${token}` }) });
    return this.#read(response, url);
  }

  /** The same, for what needs no token. */
  async getOpen(url: string): Promise<ProviderAnswer> {
    return this.#read(await this.fetch(url, { headers: apiHeaders({}) }), url);
  }

  async #read(response: Response, url: string): Promise<ProviderAnswer> {
    const { status, headers } = response;
    if (status >= 500 || isTooMany(response))
      throw new AtollError('ATOLL_PROVIDER_FAILED', `${this.#service} cannot answer at the moment.`, {
        evidence: `${new URL(url).host} answered ${status}`,
      });
    return { status, headers, body: parseJson(await response.text()) };
  }
}

/** Too many questions. GitHub says so with 403, which must not be taken for a no. */
function isTooMany({ status, headers }: Response): boolean {
  if (status === 429) return true;
  return status === 403 && (headers.has('retry-after') || headers.get('x-ratelimit-remaining') === '0');
}

function apiHeaders(more: Record<string, string>): Record<string, string> {
  return { Accept: 'application/json', 'User-Agent': 'Atoll', ...more };
}

function bodyText(body: unknown): string {
  if (typeof body === 'string') return body;
  if (body instanceof URLSearchParams) return body.toString();
  throw new TypeError('only forms are sent to providers');
}

async function readBounded(body: AsyncIterable<Uint8Array> | null): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.byteLength;
    if (size > largestAnswer) throw new Error('the answer is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return messageOf(cause);
}

function readCertificates(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new AtollError('ATOLL_AUTHENTICATOR_INVALID', 'The file of trusted certificates cannot be read.', {
      evidence: messageOf(error),
    });
  }
}
