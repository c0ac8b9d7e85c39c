import { AtollError } from '../../core/errors.ts';
import { formatBytes } from '../../core/quantities.ts';

/**
 * Reads a whole body, and never more than the limit, whatever the request says about its length.
 * @throws AtollError `ATOLL_BODY_TOO_LARGE`; `ATOLL_BAD_REQUEST` when the sender went away before the body was complete.
 */
export async function readBytes(request: Request, limit: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of request.body ?? []) {
      size += chunk.byteLength;
      if (size > limit) throw new AtollError('ATOLL_BODY_TOO_LARGE', `The body is larger than ${formatBytes(limit)}.`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof AtollError) throw error;
    throw new AtollError('ATOLL_BAD_REQUEST', 'The body of the request is not complete.', { cause: error });
  }
  return Buffer.concat(chunks);
}
