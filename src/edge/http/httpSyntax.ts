/** Bytes that are not HTTP/1.1 as this edge accepts it. Whoever sent them gets `status`, and the connection is closed. */
export class HttpSyntaxError extends Error {
  readonly status: number;

  constructor(message: string, status = 400) {
    super(message);
    this.name = 'HttpSyntaxError';
    this.status = status;
  }
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const digits = '0123456789';

function tableOf(characters: string): Uint8Array {
  const table = new Uint8Array(256);
  for (let index = 0; index < characters.length; index++) table[characters.charCodeAt(index)] = 1;
  return table;
}

function range(first: number, last: number): string {
  return String.fromCharCode(...Array.from({ length: last - first + 1 }, (_, index) => first + index));
}

/** `tchar` of RFC 9110 section 5.6.2: methods and field names. */
export const isTokenChar: Uint8Array = tableOf(`!#$%&'*+-.^_\`|~${digits}${letters}`);

/** `field-content` of RFC 9110 section 5.5: tab, space, visible ASCII and bytes above it. */
export const isFieldChar: Uint8Array = tableOf(`\t ${range(0x21, 0x7e)}${range(0x80, 0xff)}`);

/** What a request target may hold: visible ASCII without the fragment sign. */
export const isTargetChar: Uint8Array = tableOf(range(0x21, 0x7e).replace('#', ''));

export const CR = 13;
export const LF = 10;
export const SP = 32;
export const HTAB = 9;
export const COLON = 58;
