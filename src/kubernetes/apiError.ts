/** What the Kubernetes API server answered in place of what was asked for (a `Status` object), or why it gave no answer. */
export class ApiError extends Error {
  /** HTTP status; 0: there was no answer. */
  readonly status: number;
  /** The server's word for it, such as `AlreadyExists`, `Forbidden`, `Invalid`, `Expired`. */
  readonly reason: string;
  /** Milliseconds that the server asks to wait. */
  readonly retryAfterMs: number | undefined;
  /** The fields that it found wrong, of an `Invalid` object. */
  readonly causes: readonly { field: string; message: string }[];

  constructor(
    status: number,
    reason: string,
    message: string,
    details: { retryAfterMs?: number | undefined; causes?: ApiError['causes']; cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'ApiError';
    this.status = status;
    this.reason = reason;
    this.retryAfterMs = details.retryAfterMs;
    this.causes = details.causes ?? [];
  }

  /** Whether the same request may well succeed a little later: the server was busy, restarted, or not to be reached. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 429 || (this.status >= 500 && !this.isUnreadable);
  }

  /** Whether the object that was sent cannot be read: the server answers an amount that is none with 500. */
  get isUnreadable(): boolean {
    return /failed to convert new object/.test(this.message);
  }
}

/** Whether an error is this answer of the API server. */
export function isApiError(error: unknown, status: number): error is ApiError {
  return error instanceof ApiError && error.status === status;
}
