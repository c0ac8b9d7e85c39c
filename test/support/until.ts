import { setTimeout as wait } from 'node:timers/promises';

/**
 * Asks again and again until `condition` gives something (not false, null or undefined), and returns that.
 * Fails after `seconds` with `what` it waited for. Errors count as "not yet"; the last one is told.
 */
export async function until<T>(
  what: string,
  condition: () => Promise<T | false | null | undefined> | T | false | null | undefined,
  seconds = 60,
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  let lastError: unknown;
  for (;;) {
    try {
      const result = await condition();
      if (result !== false && result !== null && result !== undefined) return result;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (Date.now() > deadline) throw new Error(`waited ${seconds} s in vain: ${what}`, { cause: lastError });
    await wait(20);
  }
}
