import { expect, test } from 'vitest';
import { readBytes } from '../../src/identity/http/readBytes.ts';
import { codeOf } from '../support/codeOf.ts';

/** A request whose body comes in pieces; an error ends it, as a client that goes away does. */
function requestOf(...parts: (string | Error)[]): Request {
  const body = new ReadableStream({
    pull(controller) {
      const part = parts.shift();
      if (part === undefined) controller.close();
      else if (part instanceof Error) controller.error(part);
      else controller.enqueue(new TextEncoder().encode(part));
    },
  });
  return new Request('http://hub.test/', { method: 'POST', body, duplex: 'half' });
}

test('reads a body whole', async () => {
  expect((await readBytes(requestOf('ab', 'c'), 3)).toString()).toBe('abc');
  expect((await readBytes(new Request('http://hub.test/'), 3)).length).toBe(0);
});

test('reads no more than the limit', async () => {
  expect(await codeOf(readBytes(requestOf('ab', 'cd'), 3))).toBe('ATOLL_BODY_TOO_LARGE');
});

test('a body that breaks off is the sender’s mistake, not a defect', async () => {
  expect(await codeOf(readBytes(requestOf('ab', new Error('aborted')), 3))).toBe('ATOLL_BAD_REQUEST');
});
