/** What the first bytes of a TLS connection say. */
export type ClientHello =
  | { kind: 'incomplete' }
  | { kind: 'invalid' }
  /** `serverName` as sent, or undefined when the client names none. */
  | { kind: 'complete'; serverName: string | undefined };

const incomplete: ClientHello = { kind: 'incomplete' };
const invalid: ClientHello = { kind: 'invalid' };

const handshakeRecord = 0x16;
const clientHelloMessage = 1;
const serverNameExtension = 0;
const hostNameType = 0;
const longestRecord = 16 * 1024;

/**
 * Reads the server name out of a ClientHello (RFC 8446 sections 4.1.2 and 5.1, RFC 6066 section 3), which may span
 * several records. Never throws; checks every length against what it lies in.
 * @param bytes all bytes of the connection so far
 */
export function parseClientHello(bytes: Buffer): ClientHello {
  const fragments: Buffer[] = [];
  let collected = 0;
  let wanted = 4;
  for (let at = 0; collected < wanted; ) {
    if (bytes.length < at + 5) return bytes.length > at && bytes[at] !== handshakeRecord ? invalid : incomplete;
    if (bytes[at] !== handshakeRecord || bytes[at + 1] !== 3) return invalid;
    const length = bytes.readUInt16BE(at + 3);
    if (length === 0 || length > longestRecord) return invalid;
    const fragment = bytes.subarray(at + 5, at + 5 + length);
    fragments.push(fragment);
    collected += fragment.length;
    if (collected >= 4 && wanted === 4) {
      const header = Buffer.concat(fragments);
      if (header[0] !== clientHelloMessage) return invalid;
      wanted = 4 + header.readUIntBE(1, 3);
      if (wanted > longestRecord) return invalid;
    }
    if (fragment.length < length && collected < wanted) return incomplete;
    at += 5 + length;
  }
  return parseMessage(Buffer.concat(fragments).subarray(4, wanted));
}

function parseMessage(message: Buffer): ClientHello {
  const reader = new Reader(message);
  reader.skip(2 + 32);
  reader.vector(1);
  reader.vector(2);
  reader.vector(1);
  if (reader.failed) return invalid;
  if (reader.ended) return { kind: 'complete', serverName: undefined };
  const extensions = reader.vector(2);
  if (reader.failed || !reader.ended) return invalid;
  let serverName: string | undefined;
  while (!extensions.ended) {
    const type = extensions.uint(2);
    const body = extensions.vector(2);
    if (extensions.failed) return invalid;
    if (type !== serverNameExtension) continue;
    const name = parseServerName(body);
    if (name === undefined || serverName !== undefined) return invalid;
    serverName = name;
  }
  return { kind: 'complete', serverName };
}

/** The one host name of a server_name extension; undefined when there is not exactly one. */
function parseServerName(extension: Reader): string | undefined {
  const list = extension.vector(2);
  const type = list.uint(1);
  const name = list.vector(2);
  if (extension.failed || !extension.ended || list.failed || !list.ended || name.failed || type !== hostNameType)
    return undefined;
  const text = name.rest.toString('latin1');
  return /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?$/i.test(text) && text.length <= 253 ? text : undefined;
}

/** Reads big-endian numbers and length-prefixed vectors; remembers when there was too little, instead of throwing. */
class Reader {
  rest: Buffer;
  failed = false;

  constructor(bytes: Buffer) {
    this.rest = bytes;
  }

  get ended(): boolean {
    return this.failed || this.rest.length === 0;
  }

  skip(count: number): void {
    if (count > this.rest.length) this.failed = true;
    this.rest = this.failed ? Buffer.alloc(0) : this.rest.subarray(count);
  }

  uint(size: 1 | 2): number {
    const value = this.rest.length < size ? 0 : this.rest.readUIntBE(0, size);
    this.skip(size);
    return value;
  }

  vector(lengthSize: 1 | 2): Reader {
    const length = this.uint(lengthSize);
    const vector = new Reader(this.rest.subarray(0, length));
    this.skip(length);
    vector.failed = this.failed;
    return vector;
  }
}
