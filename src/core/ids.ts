import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** `bytes` random bytes as lower-case hexadecimal: safe in URLs, file names, DNS labels and dask-gateway tokens. */
export function randomHex(bytes: number): string {
  return randomBytes(bytes).toString('hex');
}

/** Compares two strings in a time that does not depend on where they differ. */
export function equalInConstantTime(a: string, b: string): boolean {
  return timingSafeEqual(digestOf(a), digestOf(b));
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** SHA-256 of a text, as lower-case hexadecimal. For secrets of at least 128 random bits (tokens), not for passwords. */
export function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
