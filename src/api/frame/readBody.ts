import { AtollError } from '../../core/errors.ts';
import { readBytes } from '../../identity/http/readBytes.ts';

/** The largest JSON body, in bytes. */
export const maximumBodyBytes = 1024 * 1024;

/**
 * Reads a whole body as text, and never more than the limit.
 * @throws AtollError `ATOLL_BODY_TOO_LARGE`, or `ATOLL_BAD_REQUEST` with this message when it is not UTF-8.
 */
export async function readText(request: Request, notUtf8: string, limit = maximumBodyBytes): Promise<string> {
  const body = await readBytes(request, limit);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw new AtollError('ATOLL_BAD_REQUEST', notUtf8);
  }
}

/**
 * Reads a JSON body; undefined when it is empty.
 * @throws AtollError `ATOLL_BODY_TOO_LARGE`, `ATOLL_BAD_REQUEST`
 */
export async function readJson(request: Request): Promise<unknown> {
  const invalid = 'Invalid JSON in body of request';
  const text = await readText(request, invalid);
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new AtollError('ATOLL_BAD_REQUEST', invalid);
  }
}

/**
 * Reads an urlencoded form.
 * @throws AtollError `ATOLL_BODY_TOO_LARGE`, `ATOLL_BAD_REQUEST`
 */
export async function readUrlencoded(request: Request): Promise<Record<string, string>> {
  return Object.fromEntries(new URLSearchParams(await readText(request, 'The form is not UTF-8')));
}
