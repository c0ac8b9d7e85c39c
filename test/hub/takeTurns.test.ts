import type { IncomingMessage, ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { takeTurns } from '../../src/hub/takeTurns.ts';
import { until } from '../support/until.ts';

const here = { destroyed: false } as ServerResponse;
const gone = { destroyed: true } as ServerResponse;

function ask(url: string): IncomingMessage {
  return { url } as IncomingMessage;
}

/** Holds the event loop. */
function work(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

test('requests that come at once are begun in their order, and others have their turn in between', async () => {
  const begun: string[] = [];
  const answer = async (url: string): Promise<void> => {
    // Most work is done after a first wait for what is there already.
    await Promise.resolve();
    work(2);
    begun.push(url);
  };
  const listener = takeTurns(({ url = '' }) => void answer(url));
  const urls = Array.from({ length: 50 }, (_, index) => `/hub/api/users/u${index}`);
  for (const url of urls) listener(ask(url), here);
  let turnsOfOthers = 0;
  await until('all requests are begun', async () => {
    while (begun.length < urls.length) {
      await setImmediate();
      turnsOfOthers++;
    }
    return true;
  });
  expect(begun).toEqual(urls);
  expect(turnsOfOthers).toBeGreaterThan(10);
});

test('whoever asks whether the hub is there does not wait behind others', async () => {
  const begun: string[] = [];
  const listener = takeTurns(({ url = '' }) => void begun.push(url));
  for (const path of ['/hub/home', '/hub/health?', '/hub/health', '/base/hub/api/health']) listener(ask(path), here);
  expect(begun).toEqual(['/hub/health', '/base/hub/api/health']);
  await until('the others', () => begun.length === 4);
  expect(begun.slice(2)).toEqual(['/hub/home', '/hub/health?']);
});

test('a request whose sender has left before its turn is not begun', async () => {
  const begun: string[] = [];
  const listener = takeTurns(({ url = '' }) => void begun.push(url));
  listener(ask('/hub/home'), gone);
  listener(ask('/hub/token'), here);
  await until('the one whose sender waits', () => begun.length > 0);
  expect(begun).toEqual(['/hub/token']);
});
