import type { RequestListener } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { takeTurns } from './takeTurns.ts';

/** The hub's application, as Node's HTTP server calls it. */
export function requestListener(answer: (request: Request) => Response | Promise<Response>): RequestListener {
  const listener = getRequestListener(answer);
  return takeTurns((request, response) => void listener(request, response));
}
