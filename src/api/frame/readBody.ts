import { AtollError } from '../../core/errors.ts';

/** The largest JSON body, in bytes. */
export const maximumBodyBytes = 1024 * 1024;

/**
 * Reads a whole body as text, and never more than the limit.
 * @throws AtollError `ATOLL_BODY_TOO_LARGE`, or `ATOLL_BAD_REQUEST` with this message when it is not UTF-8.
 */
export async function readText(request: Request, notUtf8: string, limit = maximumBodyBytes): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size > limit) throw new AtollError('ATOLL_BODY_TOO_LARGE', `The body is larger than ${limit} bytes.`);
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
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
