import { AtollError } from '../../core/errors.ts';
import { readBytes } from '../../identity/http/readBytes.ts';

/** The largest JSON body, in bytes. */
export const maximumBodyBytes = 1024 * 1024;

/** Levels of arrays and objects in a JSON body at most: much deeper ones can be read, but not be written again. */
const maximumDepth = 100;

/**
 * Reads a whole body as text, and never more than the limit.
 * @throws AtollError `ATOLL_BODY_TOO_LARGE`, or `ATOLL_BAD_REQUEST` with this message when it is not UTF-8.
 */
export async function readText(request: Request, notUtf8: string, limit = maximumBodyBytes): Promise<string> {
  const body = await readBytes(request, limit);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw new AtollError('ATOLL_BAD_REQUEST', notUtf8);
  }
}

/**
 * What a JSON body may call itself: programs of all kinds send JSON as what their library sends by default (curl: a form),
 * and JupyterHub takes it. What claims to be something else altogether was not meant for this route.
 */
const jsonTypes =
  /^(?:application\/(?:[\w.+-]+\+)?json|application\/(?:x-www-form-urlencoded|octet-stream)|text\/plain)$/;

const formTypes = /^application\/x-www-form-urlencoded$/;

/** @throws AtollError `ATOLL_CONTENT_TYPE` for a body of another type; one without a type passes. */
function checkContentType({ headers }: Request, allowed: RegExp, wanted: string): void {
  const type = headers.get('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== undefined && type !== '' && !allowed.test(type))
    throw new AtollError('ATOLL_CONTENT_TYPE', `The body must be ${wanted}, not ${type.slice(0, 100)}.`);
}

/**
 * Reads a JSON body; undefined when it is empty.
 * @throws AtollError `ATOLL_BODY_TOO_LARGE`, `ATOLL_BAD_REQUEST`, `ATOLL_CONTENT_TYPE`
 */
export async function readJson(request: Request): Promise<unknown> {
  checkContentType(request, jsonTypes, 'application/json');
  const invalid = 'Invalid JSON in body of request';
  const text = await readText(request, invalid);
  if (text.trim() === '') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new AtollError('ATOLL_BAD_REQUEST', invalid);
  }
  if (isDeeperThan(maximumDepth, value))
    throw new AtollError('ATOLL_BAD_REQUEST', `The JSON in the body has more than ${maximumDepth} levels`);
  return value;
}

function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeperThan(levels - 1, inner));
}

/**
 * Reads an urlencoded form.
 * @throws AtollError `ATOLL_BODY_TOO_LARGE`, `ATOLL_BAD_REQUEST`, `ATOLL_CONTENT_TYPE`
 */
export async function readUrlencoded(request: Request): Promise<Record<string, string>> {
  checkContentType(request, formTypes, 'application/x-www-form-urlencoded');
  return Object.fromEntries(new URLSearchParams(await readText(request, 'The form is not UTF-8')));
}
