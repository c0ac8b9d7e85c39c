import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';

/** Milliseconds for which requests are begun one after the other, before everything else has its turn. */
const longestTurnMs = 5;

/** What asks whether the hub is there, below any base: it costs nothing, and is not to wait behind a thousand others. */
const health = /\/hub\/(?:api\/)?health$/;

/**
 * The same listener, for a hub that a thousand people ask at the same moment: requests are begun first come, first served,
 * for a few milliseconds at a time, so that answers, timers and other connections have their turn in between. Node would
 * begin all that have arrived in one go.
 */
export function takeTurns(answer: RequestListener): RequestListener {
  const waiting: { request: IncomingMessage; response: ServerResponse }[] = [];
  let atWork = false;

  async function workOff(): Promise<void> {
    atWork = true;
    while (waiting.length > 0) {
      await setImmediate();
      const until = performance.now() + longestTurnMs;
      do {
        const next = waiting.shift();
        // Whoever has left meanwhile gets no work done.
        if (next && !next.response.destroyed) answer(next.request, next.response);
        await nothingToDo();
      } while (waiting.length > 0 && performance.now() < until);
    }
    atWork = false;
  }

  return (request, response) => {
    if (health.test(request.url ?? '')) {
      answer(request, response);
      return;
    }
    waiting.push({ request, response });
    if (!atWork) void workOff();
  };
}

/** Resolves when everything has gone on that can without waiting for the outside: what a request does first counts too. */
function nothingToDo(): Promise<void> {
  return new Promise((resolve) => queueMicrotask(() => process.nextTick(resolve)));
}
