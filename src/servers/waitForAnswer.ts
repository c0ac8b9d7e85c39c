import { request } from 'node:http';
import { sleep } from '../core/clock.ts';

/** Milliseconds between two questions: short at first, so that an answer is seen at once, then longer. */
const firstPauseMs = 20;
const lastPauseMs = 1000;
const impatientMs = 3000;
/** A question that gets no answer in this time is asked anew. */
const answerTimeoutMs = 10_000;

/**
 * Asks `GET url` again and again until something answers with a status below 500, or `signal` aborts.
 * Redirects are answers. Resolves with whether there was an answer.
 */
export async function waitForAnswer(url: string, signal: AbortSignal): Promise<boolean> {
  const begun = performance.now();
  let pause = firstPauseMs;
  while (!signal.aborted) {
    const status = await statusOf(url, signal);
    if (status !== undefined && status < 500) return true;
    await sleep(pause, signal);
    if (performance.now() - begun > impatientMs) pause = Math.min(lastPauseMs, pause * 1.25);
  }
  return false;
}

/** The status that `GET url` gives, or undefined when nothing answers. */
function statusOf(url: string, signal: AbortSignal): Promise<number | undefined> {
  return new Promise((resolve) => {
    const question = request(url, { agent: false, signal, timeout: answerTimeoutMs });
    question.on('response', (response) => {
      resolve(response.statusCode);
      response.destroy();
    });
    question.on('timeout', () => question.destroy());
    question.on('error', () => resolve(undefined));
    question.on('close', () => resolve(undefined));
    question.end();
  });
}
