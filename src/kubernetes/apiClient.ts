import type { Readable } from 'node:stream';
import { setTimeout as pauseFor } from 'node:timers/promises';
import { Pool } from 'undici';
import { AtollError, messageOf } from '../core/errors.ts';
import type { ApiAccess } from './apiAccess.ts';
import { ApiError } from './apiError.ts';
import { RequestLimiter, type RequestLimits, type RequestPriority } from './requestLimiter.ts';

/** One request to the API server. */
export interface ApiRequest {
  /** Default GET. */
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Such as `/api/v1/namespaces/hub/pods`, percent-encoded. */
  path: string;
  query?: Record<string, string | number | boolean | undefined>;
  /** Sent as JSON. */
  body?: unknown;
  /** Default `application/json`. */
  contentType?: string;
  /** Default `interactive`. */
  priority?: RequestPriority;
  signal?: AbortSignal | undefined;
  /** Milliseconds for which a busy or unreachable server is asked again. Default 10 000; 0: once only. */
  retryForMs?: number;
}

/** An answer that goes on, such as a watch. */
export interface ApiStream {
  body: Readable;
}

const connectTimeoutMs = 5000;
const answerTimeoutMs = 30_000;
const firstPauseMs = 100;
const lastPauseMs = 3000;
const mostAnswerBytes = 256 * 1024 * 1024;

/**
 * A client of the Kubernetes API: JSON in, JSON out, over a few kept connections. What the server refuses is an
 * {@link ApiError}. Passing troubles (429, 5xx, a connection that breaks) are tried again; so every request must be safe to
 * repeat: objects are created under names of our choosing, and `AlreadyExists` is looked into by the caller.
 */
export class ApiClient {
  readonly access: ApiAccess;
  readonly #pool: Pool;
  /** Watches stay open, and must not take the connections of others. */
  readonly #streams: Pool;
  readonly #limiter: RequestLimiter;

  constructor(access: ApiAccess, limits?: RequestLimits) {
    this.access = access;
    this.#limiter = new RequestLimiter(limits);
    const options = {
      headersTimeout: answerTimeoutMs,
      connect: {
        timeout: connectTimeoutMs,
        ...(access.certificateAuthority !== undefined && { ca: access.certificateAuthority }),
        ...(access.tlsServerName !== undefined && { servername: access.tlsServerName }),
        ...(access.skipTlsVerification === true && { rejectUnauthorized: false }),
        ...(access.clientCertificate && {
          cert: access.clientCertificate.certificate,
          key: access.clientCertificate.key,
        }),
      },
    };
    this.#pool = new Pool(access.server, { ...options, bodyTimeout: answerTimeoutMs, connections: 32 });
    this.#streams = new Pool(access.server, { ...options, bodyTimeout: 0, connections: null });
  }

  /**
   * The answer to a request, parsed.
   * @throws ApiError what the server refuses, or (status 0) that it cannot be reached.
   */
  async request<T>(request: ApiRequest): Promise<T> {
    const text = await this.text(request);
    return JSON.parse(text) as T;
  }

  /** The answer to a request as text: a log, say. */
  text(request: ApiRequest): Promise<string> {
    const priority = request.priority ?? 'interactive';
    return this.#retrying(request, () => this.#limiter.run(priority, () => this.#once(request)));
  }

  /**
   * Begins an answer that goes on until `request.signal` aborts. Not tried again: who follows a stream begins anew anyway.
   * @throws ApiError
   */
  async stream(request: ApiRequest): Promise<ApiStream> {
    const { statusCode, headers, body } = await this.#send(this.#streams, request);
    if (statusCode < 300) return { body };
    throw errorOf(statusCode, headers, await body.text().catch(() => ''));
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    await Promise.all([this.#pool.destroy(), this.#streams.destroy()]);
  }

  async #once(request: ApiRequest): Promise<string> {
    const { statusCode, headers, body } = await this.#send(this.#pool, request);
    let text: string;
    try {
      text = await body.text();
    } catch (error) {
      throw unreachable(this.access, error);
    }
    if (statusCode < 300) return text;
    throw errorOf(statusCode, headers, text);
  }

  async #retrying<T>({ signal, retryForMs = 10_000 }: ApiRequest, attempt: () => Promise<T>): Promise<T> {
    const deadline = Date.now() + retryForMs;
    for (let pause = firstPauseMs; ; pause = Math.min(lastPauseMs, pause * 2)) {
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof ApiError) || !error.isPassing || signal?.aborted) throw error;
        if (error.status === 429) this.#limiter.pauseBulk(error.retryAfterMs ?? pause);
        const wait = Math.max(error.retryAfterMs ?? 0, pause * (0.5 + Math.random() / 2));
        if (Date.now() + wait > deadline) throw error;
        // Unlike a watch that waits, a request that waits keeps a command alive.
        await pauseFor(wait, undefined, signal ? { signal } : {}).catch(() => undefined);
      }
    }
  }

  async #send(pool: Pool, { method = 'GET', path, query = {}, body, contentType, signal }: ApiRequest) {
    const authorization = await this.access.authorization();
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
    try {
      return await pool.request({
        method,
        path: search.size > 0 ? `${path}?${search.toString()}` : path,
        headers: {
          accept: 'application/json',
          'user-agent': 'atoll',
          ...(authorization !== undefined && { authorization }),
          ...(body !== undefined && { 'content-type': contentType ?? 'application/json' }),
        },
        body: body === undefined ? null : JSON.stringify(body),
        signal: signal ?? null,
        // A DELETE with options would otherwise take a connection of its own, with all of its handshake.
        reset: false,
        maxResponseSize: mostAnswerBytes,
      } as Parameters<Pool['request']>[0]);
    } catch (error) {
      if (error instanceof AtollError) throw error;
      throw unreachable(this.access, error);
    }
  }
}

function unreachable({ server, source }: ApiAccess, error: unknown): ApiError {
  const message = `The Kubernetes API server ${server} (${source}) cannot be reached: ${messageOf(error)}`;
  return new ApiError(0, 'Unreachable', message, { cause: error });
}

interface Status {
  reason?: string;
  message?: string;
  details?: { retryAfterSeconds?: number; causes?: { field?: string; message?: string }[] };
}

function errorOf(statusCode: number, headers: Record<string, string | string[] | undefined>, text: string): ApiError {
  let status: Status = {};
  try {
    status = JSON.parse(text) as Status;
  } catch {
    // A proxy in between answers in its own way.
    status = { message: text.slice(0, 500) };
  }
  const seconds = Number(headers['retry-after'] ?? status.details?.retryAfterSeconds ?? Number.NaN);
  return new ApiError(statusCode, status.reason ?? `HTTP ${statusCode}`, status.message ?? `HTTP ${statusCode}`, {
    retryAfterMs: Number.isFinite(seconds) ? Math.min(seconds, 30) * 1000 : undefined,
    causes: (status.details?.causes ?? []).map(({ field = '', message = '' }) => ({ field, message })),
  });
}
