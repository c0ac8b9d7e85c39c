import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { messageOf } from '../core/errors.ts';
import { equalInConstantTime } from '../core/ids.ts';
import type { EdgeLog } from './edgeLog.ts';
import type { ActivityReport, GrantAnswer, GrantQuestion } from './protocol.ts';
import type { RoutePublisher } from './routePublisher.ts';

/** What the hub does with what edges ask and tell. */
export interface ControlServerOptions {
  publisher: RoutePublisher;
  /** The secret that edges must know. */
  token: string;
  onActivity(report: ActivityReport): void | Promise<void>;
  answerGrant(question: GrantQuestion): Promise<GrantAnswer>;
  log: EdgeLog;
}

const longestBody = 4 * 1024 * 1024;
const mostBufferedBytes = 16 * 1024 * 1024;
const heartbeatMs = 10_000;

/** The hub's end of the control socket (see protocol.ts): a listener for `http.createServer`. */
export function createControlServer(options: ControlServerOptions): RequestListener {
  const { publisher, token, log } = options;
  return (request, response) => {
    if (!equalInConstantTime(request.headers.authorization ?? '', `Bearer ${token}`)) {
      answer(response, 401, { message: 'the control token is missing or wrong' });
      return;
    }
    switch (`${request.method} ${request.url}`) {
      case 'GET /routes':
        streamRoutes(publisher, response);
        return;
      case 'POST /activity':
        void serve(request, response, log, async (body) => {
          await options.onActivity(body as ActivityReport);
          return {};
        });
        return;
      case 'POST /grants':
        void serve(request, response, log, (body) => options.answerGrant(body as GrantQuestion));
        return;
      default:
        answer(response, 404, { message: 'there is nothing here' });
    }
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
  log: EdgeLog,
  work: (body: unknown) => Promise<unknown>,
): Promise<void> {
  let body: unknown;
  try {
    body = JSON.parse(await read(request));
  } catch (error) {
    answer(response, 400, { message: messageOf(error) });
    return;
  }
  try {
    answer(response, 200, await work(body));
  } catch (error) {
    log('error', { url: request.url, reason: messageOf(error) }, 'a request of an edge failed');
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
