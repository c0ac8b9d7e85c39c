import type { RequestListener } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { takeTurns } from './takeTurns.ts';

/** The hub's application, as Node's HTTP server calls it. */
export function requestListener(answer: (request: Request) => Response | Promise<Response>): RequestListener {
  const listener = getRequestListener(answer);
  return takeTurns((request, response) => {
    // The only method of those that Node takes of which no Request can be made.
    if (request.method === 'TRACE') response.writeHead(405, { Allow: 'GET, HEAD, POST, PUT, PATCH, DELETE' }).end();
    else void listener(request, response);
  });
}
