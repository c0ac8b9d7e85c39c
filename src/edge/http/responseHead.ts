import { Fields } from './fields.ts';
import { CR, HttpSyntaxError, isFieldChar, LF, SP } from './httpSyntax.ts';
import { parseContentLength, tokensOf } from './requestHead.ts';

/** A response's head, checked. */
export interface ResponseHead {
  status: number;
  /** The reason phrase with the space before it, or empty. */
  reason: string;
  fields: Fields;
  /** How the body ends: after so many bytes, by itself, or with the connection. Of no meaning where no body can be. */
  body: number | 'chunked' | 'close';
  /** The server would take another request on this connection. */
  keepAlive: boolean;
  /** Lower-case tokens of the Connection field. */
  connectionNames: ReadonlySet<string> | undefined;
}

/**
 * Reads and checks a response's head, as strictly as a request's: a response whose end is ambiguous could be continued
 * into another one.
 * @throws HttpSyntaxError 502
 */
export function parseResponseHead(text: string): ResponseHead {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof HttpSyntaxError) throw new HttpSyntaxError(error.message, 502);
    throw error;
  }
}

function parse(text: string): ResponseHead {
  const minorVersion = text.charCodeAt('HTTP/1.'.length) - 48;
  if (!text.startsWith('HTTP/1.') || (minorVersion !== 0 && minorVersion !== 1) || text.charCodeAt(8) !== SP)
    throw new HttpSyntaxError('the status line has no valid version');
  const status = Number(text.slice(9, 12));
  if (!/^[1-9][0-9][0-9]$/.test(text.slice(9, 12))) throw new HttpSyntaxError('the status line has no valid status');
  let position = 12;
  if (text.charCodeAt(position) === SP) while (isFieldChar[text.charCodeAt(position)]) position++;
  if (text.charCodeAt(position) !== CR || text.charCodeAt(position + 1) !== LF)
    throw new HttpSyntaxError('the status line does not end with CRLF');
  const fields = new Fields(text, position + 2);

  let length: string | undefined;
  let chunked = false;
  let connection: string | undefined;
  for (let index = 0; index < fields.names.length; index++) {
    switch (fields.names[index]) {
      case 'content-length':
        if (length !== undefined) throw new HttpSyntaxError('there is more than one Content-Length');
        length = fields.value(index);
        break;
      case 'transfer-encoding':
        if (chunked || minorVersion === 0 || fields.value(index).toLowerCase() !== 'chunked')
          throw new HttpSyntaxError('the Transfer-Encoding is not exactly "chunked"');
        chunked = true;
        break;
      case 'connection':
        connection = connection === undefined ? fields.value(index) : `${connection},${fields.value(index)}`;
        break;
    }
  }
  if (chunked && length !== undefined)
    throw new HttpSyntaxError('there are both a Transfer-Encoding and a Content-Length');
  const tokens = connection === undefined ? undefined : tokensOf(connection);
  return {
    status,
    reason: text.slice(12, position),
    fields,
    body: chunked ? 'chunked' : length === undefined ? 'close' : parseContentLength(length),
    keepAlive: minorVersion === 1 && !tokens?.has('close'),
    connectionNames: tokens,
  };
}
