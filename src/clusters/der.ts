/** The few pieces of DER (ITU-T X.690) that a certificate is built from. */
export const der = {
  /** A value with its tag and length. */
  tagged(tag: number, ...contents: readonly Uint8Array[]): Buffer {
    const body = Buffer.concat(contents);
    return Buffer.concat([Buffer.from([tag]), lengthOf(body.length), body]);
  },
  sequence: (...items: readonly Uint8Array[]): Buffer => der.tagged(0x30, ...items),
  set: (...items: readonly Uint8Array[]): Buffer => der.tagged(0x31, ...items),
  octets: (...contents: readonly Uint8Array[]): Buffer => der.tagged(0x04, ...contents),
  /** `[number]`, constructed. */
  context: (number: number, ...contents: readonly Uint8Array[]): Buffer => der.tagged(0xa0 + number, ...contents),
  true: (): Buffer => der.tagged(0x01, Buffer.from([0xff])),
  /** An integer that is not negative, given as big-endian bytes. */
  integer(bytes: Uint8Array): Buffer {
    const start = bytes.findIndex((byte) => byte !== 0);
    const digits = start === -1 ? Buffer.from([0]) : bytes.subarray(start);
    // A first bit of 1 would make it negative.
    return der.tagged(0x02, ...((digits[0] ?? 0) >= 0x80 ? [Buffer.from([0]), digits] : [digits]));
  },
  /** Bits whose number is a multiple of 8, unless `unusedBits` says how many of the last ones do not count. */
  bits: (bytes: Uint8Array, unusedBits = 0): Buffer => der.tagged(0x03, Buffer.from([unusedBits]), bytes),
  text: (text: string): Buffer => der.tagged(0x0c, Buffer.from(text, 'utf8')),
  /** An object identifier such as `2.5.4.3`. */
  oid(dotted: string): Buffer {
    const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
    return der.tagged(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
  },
  /** A time in whole seconds: UTCTime until 2049, GeneralizedTime from 2050 on (RFC 5280, 4.1.2.5). */
  time(milliseconds: number): Buffer {
    const digits = new Date(milliseconds).toISOString().replace(/[-:T]|\.\d+/g, '');
    return digits < '2050' ? der.tagged(0x17, Buffer.from(digits.slice(2))) : der.tagged(0x18, Buffer.from(digits));
  },
};

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Buffer.from([0x80 + bytes.length, ...bytes]);
}

/** Seven bits a byte, most significant first; all but the last have the high bit. */
function base128(number: number): number[] {
  const bytes = [number % 128];
  for (let rest = Math.floor(number / 128); rest > 0; rest = Math.floor(rest / 128)) bytes.unshift(0x80 + (rest % 128));
  return bytes;
}
