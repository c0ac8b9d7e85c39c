import { AtollError } from '../../core/errors.ts';
import { formatBytes } from '../../core/quantities.ts';

/**
 * Reads a whole body, and never more than the limit, whatever the request says about its length.
 * @throws AtollError `ATOLL_BODY_TOO_LARGE`
 */
export async function readBytes(request: Request, limit: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size > limit) throw new AtollError('ATOLL_BODY_TOO_LARGE', `The body is larger than ${formatBytes(limit)}.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
