import type { ErrorCode } from '../../core/errorTable.ts';
import { errorTable } from '../../core/errorTable.ts';
import type { RequestHead } from './requestHead.ts';

/** An answer of the edge itself. */
export interface EdgeAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** What went wrong, for a person. */
export interface EdgeProblem {
  code: ErrorCode;
  /** One sentence. */
  sentence: string;
  /** The status, when the table's own does not fit. */
  status?: number;
  /** Seconds after which trying again is worth it; browsers then do so by themselves. */
  retryAfter?: number;
}

/** Paths of programs' interfaces, under any base path: the hub's, the services' and the servers' own. */
const apiPath = /\/(?:hub|services\/[^/]+|user\/[^/]+(?:\/[^/]+)?)\/api(?:\/|$)/;

/** A page for browsers that navigate, JSON (with the error fields of JupyterHub and dask-gateway) for everything else. */
export function answerProblem(problem: EdgeProblem, request: RequestHead | undefined): EdgeAnswer {
  const status = problem.status ?? errorTable[problem.code].status;
  const { nextStep } = errorTable[problem.code];
  const headers: Record<string, string> = { 'Cache-Control': 'no-store' };
  if (problem.retryAfter !== undefined) headers['Retry-After'] = String(problem.retryAfter);
  if (request !== undefined && wantsPage(request)) {
    headers['Content-Type'] = 'text/html; charset=utf-8';
    headers['Content-Security-Policy'] = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'";
    return { status, headers, body: page(problem, status, nextStep) };
  }
  headers['Content-Type'] = 'application/json';
  const { code, sentence } = problem;
  return {
    status,
    headers,
    body: JSON.stringify({ status, message: sentence, error: sentence, code, next_step: nextStep }),
  };
}

/** The answer as HTTP/1.1. */
export function answerText(answer: EdgeAnswer, connection: 'close' | 'keep-alive', withBody: boolean): string {
  const body = Buffer.from(answer.body).toString('latin1');
  const lines = Object.entries(answer.headers)
    .filter(([name, value]) => /^[\w-]+$/.test(name) && /^[\t\x20-\x7e\x80-\xff]*$/.test(value))
    .map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${answer.status} ${reasonOf(answer.status)}\r\n${lines.join('')}Content-Length: ${body.length}\r\nConnection: ${connection}\r\n\r\n${withBody ? body : ''}`;
}

const reasons: Record<number, string> = {
  302: 'Found',
  303: 'See Other',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  408: 'Request Timeout',
  417: 'Expectation Failed',
  431: 'Request Header Fields Too Large',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  505: 'HTTP Version Not Supported',
};

function reasonOf(status: number): string {
  return reasons[status] ?? 'Error';
}

function wantsPage(request: RequestHead): boolean {
  const accept = request.fields.get('accept') ?? '';
  return (
    accept.includes('text/html') && !apiPath.test(request.path) && request.fields.get('x-requested-with') === undefined
  );
}

function page(problem: EdgeProblem, status: number, nextStep: string): string {
  const refresh = problem.retryAfter === undefined ? '' : `<meta http-equiv="refresh" content="${problem.retryAfter}">`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">${refresh}
<title>${status} ${reasonOf(status)}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:20vh auto;padding:0 1rem;color-scheme:light dark}code{opacity:.7}</style>
</head><body><h1>${escapeHtml(problem.sentence)}</h1><p>${escapeHtml(nextStep)}</p><p><code>${status} ${problem.code}</code></p></body></html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
