import { hash } from 'node:crypto';

/** A JSON answer, with a tag by which a client can ask whether it has changed. */
export function json(value: unknown, status = 200, headers: Record<string, string> = {}): Response {
  const text = JSON.stringify(value);
  const etag = status === 200 ? { Etag: `"${hash('sha1', text)}"` } : {};
  return new Response(text, { status, headers: { 'Content-Type': 'application/json', ...etag, ...headers } });
}

/** An answer without body. */
export function empty(status: 200 | 201 | 202 | 204 = 204): Response {
  return new Response(null, { status });
}

/** A time as the API writes it: ISO 8601, UTC, microseconds, `Z`. Null stays null. */
export function timestamp(milliseconds: number): string;
export function timestamp(milliseconds: number | null): string | null;
export function timestamp(milliseconds: number | null): string | null {
  return milliseconds === null ? null : `${new Date(milliseconds).toISOString().slice(0, -1)}000Z`;
}
