import { array, assert, constantFrom, integer, property, uint8Array } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ChunkedReader } from '../../src/edge/http/chunkedReader.ts';

/** Feeds `bytes` in pieces of the given sizes (repeated); returns the decoded data and what is left over. */
function readIn(bytes: Buffer, sizes: number[]): { data: Buffer; consumed: number; done: boolean } {
  const parts: Buffer[] = [];
  const reader = new ChunkedReader((data) => parts.push(Buffer.from(data)));
  let at = 0;
  for (let turn = 0; at < bytes.length && !reader.done; turn++) {
    const piece = bytes.subarray(at, at + (sizes[turn % sizes.length] ?? 1));
    at += reader.read(piece, 0);
  }
  return { data: Buffer.concat(parts), consumed: at, done: reader.done };
}

function encode(chunks: Uint8Array[], trailers = ''): Buffer {
  const parts = chunks
    .filter((chunk) => chunk.length > 0)
    .flatMap((chunk) => [`${chunk.length.toString(16)}\r\n`, chunk, '\r\n']);
  return Buffer.concat([...parts, `0\r\n${trailers}\r\n`].map((part) => Buffer.from(part as Uint8Array)));
}

describe('a chunked body', () => {
  test('is decoded in whatever pieces it comes, and ends exactly at its end', () => {
    assert(
      property(
        array(uint8Array({ maxLength: 40 }), { maxLength: 6 }),
        array(integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
        constantFrom('', 'X-Checksum: 1\r\n', 'A: b\r\nC:\r\n'),
        (chunks, sizes, trailers) => {
          const body = encode(chunks, trailers);
          const { data, consumed, done } = readIn(Buffer.concat([body, Buffer.from('GET /next')]), sizes);
          expect(done).toBe(true);
          expect(consumed).toBe(body.length);
          expect(data.equals(Buffer.concat(chunks))).toBe(true);
        },
      ),
    );
  });

  test.each([
    ['no size', '\r\n'],
    ['a size that is no hexadecimal', 'g\r\n'],
    ['a signed size', '+5\r\nhello\r\n'],
    ['a size with 0x', '0x5\r\nhello\r\n'],
    ['a size behind a space', ' 5\r\nhello\r\n'],
    ['a size before a space', '5 \r\nhello\r\n'],
    ['an endless size', '0000000000005\r\nhello\r\n'],
    ['a size that overflows', 'ffffffffffffffff1\r\n'],
    ['a bare LF after the size', '5\nhello\r\n'],
    ['a bare CR after the size', '5\rhello\r\n'],
    ['an extension', '5;a=b\r\nhello\r\n'],
    ['an extension that hides a line', '5;\nxx\r\nhello\r\n'],
    ['data longer than its size', '4\r\nhello\r\n'],
    ['data shorter than its size', '6\r\nhello\r\n0\r\n\r\n'],
    ['a bare LF after the data', '5\r\nhello\n0\r\n\r\n'],
    ['a bare LF at the end', '0\r\n\n'],
    ['a trailer without a colon', '0\r\nabc\r\n\r\n'],
    ['a trailer with a space before the colon', '0\r\na : b\r\n\r\n'],
    ['a folded trailer', '0\r\nA: b\r\n c\r\n\r\n'],
    ['NUL in a trailer', '0\r\nA: \0\r\n\r\n'],
    ['a trailer that frames', '0\r\nContent-Length: 5\r\n\r\n'],
    ['a trailer that authorises', '0\r\nAuthorization: token x\r\n\r\n'],
    ['a trailer that says who asks', '0\r\nX-Forwarded-For: 10.0.0.1\r\n\r\n'],
    ['a trailer that says so in disguise', '0\r\nX_Forwarded_For: 10.0.0.1\r\n\r\n'],
    ['endless trailers', `0\r\n${'A: b\r\n'.repeat(4000)}\r\n`],
  ])('%s is refused', (_, body) => {
    for (const sizes of [[1], [3], [body.length]])
      expect(() => readIn(Buffer.from(body, 'latin1'), sizes)).toThrow(/chunk|trailer|framing/);
  });
});
