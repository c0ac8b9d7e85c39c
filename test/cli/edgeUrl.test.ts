import { expect, test } from 'vitest';
import { edgeUrl } from '../../src/cli/roles/edgeUrl.ts';

test.each([
  ['127.0.0.1', 'http://127.0.0.1:8000'],
  ['localhost', 'http://localhost:8000'],
  ['::1', 'http://[::1]:8000'],
  ['0.0.0.0', 'http://127.0.0.1:8000'],
  ['::', 'http://127.0.0.1:8000'],
  // An edge that listens there does not answer on the loopback address.
  ['192.0.2.2', 'http://192.0.2.2:8000'],
  ['fd00::2', 'http://[fd00::2]:8000'],
  ['hub.example', 'http://hub.example:8000'],
])('an edge on %s is reached at %s', (host, url) => {
  expect(edgeUrl(host, 8000)).toBe(url);
});
