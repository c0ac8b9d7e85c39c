import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { AtollError } from '../../core/errors.ts';
import { equalInConstantTime } from '../../core/ids.ts';
import type { ActivityReport, GrantAnswer, GrantQuestion } from '../protocol.ts';
import type { RoutePublisher } from './routePublisher.ts';

/** What the hub does with what edges ask and tell. */
export interface ControlListenerOptions {
  publisher: RoutePublisher;
  /** The secret that edges must know. */
  token: string;
  onActivity(report: ActivityReport): void | Promise<void>;
  answerGrant(question: GrantQuestion): Promise<GrantAnswer>;
  /** Further calls by path, for the operator's own commands on the same machine: JSON in, JSON out. */
  operatorCalls?: Record<string, (body: unknown) => Promise<unknown>>;
  /** Told of calls that failed, with what was thrown; the caller only learns that it did, unless it is an {@link AtollError}. */
  onError: (error: unknown) => void;
}

const longestBody = 4 * 1024 * 1024;
const mostBufferedBytes = 16 * 1024 * 1024;
const heartbeatMs = 10_000;

/** The hub's end of the control socket (see protocol.ts): a listener for `http.createServer`. */
export function createControlListener(options: ControlListenerOptions): RequestListener {
  const { publisher, token, onError } = options;
  const calls = new Map<string, (body: unknown) => Promise<unknown>>([
    ...Object.entries(options.operatorCalls ?? {}),
    [
      '/activity',
      async (body) => {
        await options.onActivity(body as ActivityReport);
        return {};
      },
    ],
    ['/grants', (body) => options.answerGrant(body as GrantQuestion)],
  ]);
  return (request, response) => {
    if (!equalInConstantTime(request.headers.authorization ?? '', `Bearer ${token}`)) {
      answer(response, 401, { message: 'the control token is missing or wrong' });
      return;
    }
    const call = request.method === 'POST' ? calls.get(request.url ?? '') : undefined;
    if (call !== undefined) void serve(request, response, call, onError);
    else if (request.method === 'GET' && request.url === '/routes') streamRoutes(publisher, response);
    else answer(response, 404, { message: 'there is nothing here' });
  };
}

function streamRoutes(publisher: RoutePublisher, response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'application/x-ndjson', 'Cache-Control': 'no-store' });
  const write = (line: string): boolean => {
    response.write(line);
    if (response.writableLength <= mostBufferedBytes) return true;
    response.destroy();
    return false;
  };
  const unsubscribe = publisher.subscribe({ write });
  // Lets both sides notice a connection that died without a word.
  const heartbeat = setInterval(() => write('\n'), heartbeatMs);
  response.on('close', () => {
    clearInterval(heartbeat);
    unsubscribe();
  });
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  call: (body: unknown) => Promise<unknown>,
  onError: (error: unknown) => void,
): Promise<void> {
  let body: unknown;
  try {
    body = JSON.parse(await read(request));
  } catch {
    answer(response, 400, { message: 'the body is no JSON, or too large' });
    return;
  }
  try {
    answer(response, 200, await call(body));
  } catch (error) {
    if (error instanceof AtollError) {
      const { status, code, message, nextStep } = error;
      answer(response, status, { code, message, nextStep });
      return;
    }
    onError(error);
    answer(response, 500, { message: 'the hub could not answer' });
  }
}

async function read(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > longestBody) throw new Error('the body is too large');
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) });
  response.end(text);
}
