import { sleep } from '../../core/clock.ts';
import type { ProgressEvent } from '../../servers/progressBoard.ts';

/** After so long without an event, an empty message keeps proxies on the way from closing the connection. */
const keepAliveMs = 8000;

/**
 * A start's events as JupyterHub streams them: `data: {…}` and an empty line each, no names, no ids.
 * @param stop aborted when the client goes away, so that `events` ends
 */
export function progressReply(events: AsyncGenerator<ProgressEvent, void>, stop: AbortController): Response {
  const encoder = new TextEncoder();
  let next: Promise<IteratorResult<ProgressEvent, void>> | undefined;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      next ??= events.next();
      const result = await withinKeepAlive(next);
      if (result === undefined) {
        controller.enqueue(encoder.encode('\n\n'));
        return;
      }
      next = undefined;
      if (result.done) controller.close();
      else controller.enqueue(encoder.encode(`data: ${JSON.stringify(result.value)}\n\n`));
    },
    async cancel() {
      stop.abort();
      await events.return();
    },
  });
  return new Response(body, { headers: { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' } });
}

/** What `next` gives, or undefined when that takes longer than a keep-alive. */
async function withinKeepAlive<T>(next: Promise<T>): Promise<T | undefined> {
  const over = new AbortController();
  try {
    return await Promise.race([next, sleep(keepAliveMs, over.signal).then(() => undefined)]);
  } finally {
    over.abort();
  }
}
