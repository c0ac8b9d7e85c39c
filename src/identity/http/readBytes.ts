import { AtollError } from '../../core/errors.ts';
import { formatBytes } from '../../core/quantities.ts';

/**
 * Reads a whole body, and never more than the limit, whatever the request says about its length.
 * @throws AtollError `ATOLL_BODY_TOO_LARGE`; `ATOLL_BAD_REQUEST` when the sender went away before the body was complete.
 */
export async function readBytes(request: Request, limit: number): Promise<Buffer> {
  try {
    // Nobody can send more than they announce, and reading in one go costs a quarter.
    const announced = Number(request.headers.get('content-length') ?? Number.NaN);
    return announced <= limit ? Buffer.from(await request.arrayBuffer()) : await readParts(request, limit);
  } catch (error) {
    if (error instanceof AtollError) throw error;
    throw new AtollError('ATOLL_BAD_REQUEST', 'The body of the request is not complete.', { cause: error });
  }
}

async function readParts(request: Request, limit: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size > limit) throw new AtollError('ATOLL_BODY_TOO_LARGE', `The body is larger than ${formatBytes(limit)}.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
