/** A JSON answer. */
export function json(value: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(value), { status, headers: { 'Content-Type': 'application/json', ...headers } });
}

/** An answer without body. */
export function empty(status: 200 | 201 | 202 | 204 = 204): Response {
  return new Response(null, { status });
}

/** A time as the API writes it: ISO 8601, UTC, microseconds, `Z`. Null stays null. */
export function timestamp(milliseconds: number): string;
export function timestamp(milliseconds: number | null): string | null;
export function timestamp(milliseconds: number | null): string | null {
  return milliseconds === null ? null : new Date(milliseconds).toISOString().replace('Z', '000Z');
}
