import { array, assert, asyncProperty, constantFrom, integer, tuple } from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type EdgeWorld, exchangeBytes, RawClient, startEdgeWorld, TestServer } from '../support/edgeWorld.ts';

/**
 * The attack: a request that the edge and a server take apart differently, so that a part of one person's request
 * becomes the beginning of another person's. Every server here is node:http, which is told to be as lenient as it can.
 */
let world: EdgeWorld;
let server: TestServer;
let seen: string[] = [];

beforeAll(async () => {
  world = await startEdgeWorld();
  server = await TestServer.http(
    (request, response) => {
      let body = '';
      request.on('data', (part) => {
        body += String(part);
      });
      request.on('error', () => {});
      request.on('end', () => {
        seen.push(`${request.method} ${request.url} ${JSON.stringify(body)}`);
        response.end('ok');
      });
    },
    { insecureHTTPParser: true },
  );
  await world.route({ prefix: '/s/', target: server.target });
});

afterAll(async () => {
  await world.end();
  await server.kill();
});

/** What the server sees of these bytes of one client, and then of an honest one. */
async function sendThenHonest(bytes: string): Promise<{ answer: string; seen: string[] }> {
  seen = [];
  const answer = await new RawClient(world.port).send(bytes).finish().untilEnd();
  const honest = await exchangeBytes(world.port, 'GET /s/honest HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  expect(honest).toMatch(/^HTTP\/1\.1 200 /);
  expect(seen.at(-1)).toBe('GET /s/honest ""');
  return { answer, seen: seen.slice(0, -1) };
}

const hidden = 'GET /s/hidden HTTP/1.1\r\nHost: x\r\n\r\n';
const post = (lines: string, body: string): string => `POST /s/ HTTP/1.1\r\nHost: x\r\n${lines}\r\n${body}`;

describe('nothing of these reaches a server', () => {
  test.each([
    ['CL.TE', post(`Content-Length: ${hidden.length + 5}\r\nTransfer-Encoding: chunked\r\n`, `0\r\n\r\n${hidden}`)],
    [
      'TE.CL',
      post(
        'Transfer-Encoding: chunked\r\nContent-Length: 4\r\n',
        `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`,
      ),
    ],
    ['TE.TE, unknown second', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\n', `0\r\n\r\n${hidden}`)],
    ['TE.TE, unknown first', post('Transfer-Encoding: cow\r\nTransfer-Encoding: chunked\r\n', `0\r\n\r\n${hidden}`)],
    [
      'TE with a space before the colon',
      post('Transfer-Encoding : chunked\r\nContent-Length: 5\r\n', `0\r\n\r\n${hidden}`),
    ],
    ['TE behind a vertical tab', post('Transfer-Encoding:\x0bchunked\r\nContent-Length: 5\r\n', `0\r\n\r\n${hidden}`)],
    ['TE behind a bare CR', post('X: y\rTransfer-Encoding: chunked\r\nContent-Length: 5\r\n', `0\r\n\r\n${hidden}`)],
    ['TE behind a bare LF', post('X: y\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n', `0\r\n\r\n${hidden}`)],
    ['TE in a folded line', post('Transfer-Encoding:\r\n chunked\r\nContent-Length: 5\r\n', `0\r\n\r\n${hidden}`)],
    ['TE behind a NUL', post('Transfer-Encoding: \0chunked\r\nContent-Length: 5\r\n', `0\r\n\r\n${hidden}`)],
    ['CL.CL', post(`Content-Length: 0\r\nContent-Length: ${hidden.length}\r\n`, hidden)],
    ['CL in a list', post(`Content-Length: 0, ${hidden.length}\r\n`, hidden)],
    ['CL with a sign', post(`Content-Length: +${hidden.length}\r\n`, hidden)],
    ['CL with a space inside', post('Content-Length: 1 0\r\n', hidden)],
    ['a head that ends with a bare LF', `GET /s/ HTTP/1.1\nHost: x\n\n${hidden}`],
    ['a head that ends with LF CR LF', `GET /s/ HTTP/1.1\r\nHost: x\r\n\n\r\n${hidden}`],
    ['two request lines', `GET /s/ HTTP/1.1\r\nGET /s/hidden HTTP/1.1\r\nHost: x\r\n\r\n`],
    ['a request line inside a target', `GET /s/\u0020HTTP/1.1\u0020x HTTP/1.1\r\nHost: x\r\n\r\n`],
    ['TE in HTTP/1.0', `POST /s/ HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`],
  ])('%s', async (_, bytes) => {
    const { answer, seen } = await sendThenHonest(bytes);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect(seen).toEqual([]);
  });
});

describe('no hidden request comes out of a broken body', () => {
  const chunked = (body: string): string => post('Transfer-Encoding: chunked\r\n', body);
  test.each([
    ['a chunk longer than it says', chunked(`1\r\naGET /s/hidden HTTP/1.1\r\nHost: x\r\n\r\n`)],
    ['an extension with a bare LF', chunked(`1;\nGET /s/hidden HTTP/1.1\r\n\r\na\r\n0\r\n\r\n`)],
    ['a size behind spaces', chunked(` 1\r\na\r\n0\r\n\r\n${hidden}`)],
    ['a bare CR as the end of a size', chunked(`0\rX\r\n\r\n${hidden}`)],
    ['a size with an overflow', chunked(`10000000000000000\r\n${hidden}`)],
    ['a missing CRLF after the data', chunked(`1\r\na0\r\n\r\n${hidden}`)],
    ['a forbidden trailer', chunked(`0\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`)],
  ])('%s', async (_, bytes) => {
    const { seen } = await sendThenHonest(bytes);
    expect(seen).toEqual([]);
  });

  test('a body that looks like a request is a body', async () => {
    const { seen } = await sendThenHonest(post(`Content-Length: ${hidden.length}\r\n`, hidden));
    expect(seen).toEqual([`POST /s/ ${JSON.stringify(hidden)}`]);
  });

  test('a GET with a body has a body', async () => {
    const { seen } = await sendThenHonest(
      `GET /s/ HTTP/1.1\r\nHost: x\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
    );
    expect(seen).toEqual([`GET /s/ ${JSON.stringify(hidden)}`]);
  });

  test('an upgrade that is refused does not let the bytes behind it through', async () => {
    const { answer, seen } = await sendThenHonest(
      `GET /s/up HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n${hidden}`,
    );
    expect(seen).toEqual(['GET /s/up ""']);
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*Connection: close\r\n/);
  });

  test('an upgrade to cleartext HTTP/2 is not passed on', async () => {
    const { seen } = await sendThenHonest(
      'GET /s/up HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n',
    );
    expect(seen).toEqual(['GET /s/up ""']);
  });
});

test('whatever a client sends, the server sees at most the requests that the edge counted', async () => {
  const pieces = constantFrom(
    'Content-Length: 5\r\n',
    'Content-Length: 0\r\n',
    'content-length:7\r\n',
    'Transfer-Encoding: chunked\r\n',
    'Transfer-encoding:\tchunked\r\n',
    'X: y\r\n',
    ' folded\r\n',
    'X : y\r\n',
    '\r\n',
    '\n',
    '\r',
    '\0',
    '0\r\n\r\n',
    '5\r\nhello\r\n',
    'hello',
    ' ',
    '\t',
    'GET /s/hidden HTTP/1.1\r\nHost: x\r\n\r\n',
    'POST /s/hidden HTTP/1.1\r\nHost: x\r\n',
    'Connection: keep-alive\r\n',
    'Expect: 100-continue\r\n',
  );
  const mutation = tuple(
    integer({ min: 0, max: 300 }),
    constantFrom('\r', '\n', '\0', ' ', ':', ';', '\x0b', '\xa0', ''),
  ).map(
    ([at, text]) =>
      (bytes: string) =>
        bytes.slice(0, at) + text + bytes.slice(at + 1),
  );
  await assert(
    asyncProperty(
      array(pieces, { maxLength: 8 }),
      array(mutation, { maxLength: 2 }),
      array(pieces, { maxLength: 3 }),
      async (fields, mutations, rest) => {
        let bytes = `POST /s/first HTTP/1.1\r\nHost: x\r\n${fields.join('')}\r\n${rest.join('')}`;
        for (const mutate of mutations) bytes = mutate(bytes);
        const before = world.edge.stats().requests;
        const { seen } = await sendThenHonest(bytes);
        // The honest request is one of them.
        expect(seen.length).toBeLessThanOrEqual(world.edge.stats().requests - before - 1);
      },
    ),
    { numRuns: 300, seed: 20_261_124 },
  );
});
