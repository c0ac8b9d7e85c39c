import { hash } from 'node:crypto';

/** A JSON answer, with a tag by which a client can ask whether it has changed. */
export function json(value: unknown, status = 200, headers: Record<string, string> = {}): Response {
  // Encoded once: for the tag, the length and the socket.
  const body = Buffer.from(JSON.stringify(value));
  const etag = status === 200 ? { Etag: `"${hash('sha1', body)}"` } : {};
  return new Response(body, { status, headers: { 'Content-Type': 'application/json', ...etag, ...headers } });
}

/** An answer without body. */
export function empty(status: 200 | 201 | 202 | 204 = 204): Response {
  return new Response(null, { status });
}
