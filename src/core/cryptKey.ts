import { Buffer } from 'node:buffer';

/** Whether a text is a key as JupyterHub's CryptKeeper takes them. */
export function isCryptKey(text: string): boolean {
  return parseCryptKey(text) !== undefined;
}

/**
 * Reads a key of JupyterHub's CryptKeeper: 32 bytes as 64 hexadecimal digits, as base64 (44 characters, either alphabet), or as
 * they are (32 characters of ASCII). Undefined for anything else.
 */
export function parseCryptKey(text: string): Buffer | undefined {
  const trimmed = text.trim();
  if (/^[\da-f]{64}$/i.test(trimmed)) return Buffer.from(trimmed, 'hex');
  // Node reads both alphabets of base64.
  if (/^[\w+/-]{43}=$/.test(trimmed)) return Buffer.from(trimmed, 'base64');
  return /^[\x20-\x7e]{32}$/.test(text) ? Buffer.from(text, 'latin1') : undefined;
}
