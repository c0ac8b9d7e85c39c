import { createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto';

const version = 0x80;
/** Version, time, initialisation vector; at the end the authentication code. */
const headBytes = 1 + 8 + 16;
const codeBytes = 32;

/**
 * Opens a Fernet token, which is how JupyterHub keeps what authenticators remember: HMAC-SHA256 and AES-128-CBC
 * (github.com/fernet/spec). Undefined when this key did not make it.
 * @param key 32 bytes: half signs, half encrypts
 */
export function openFernet(token: string, key: Buffer): string | undefined {
  const bytes = Buffer.from(token, 'base64url');
  if (key.length !== 32 || bytes.length < headBytes + 16 + codeBytes || bytes[0] !== version) return undefined;
  const signed = bytes.subarray(0, bytes.length - codeBytes);
  const code = createHmac('sha256', key.subarray(0, 16)).update(signed).digest();
  if (!timingSafeEqual(code, bytes.subarray(bytes.length - codeBytes))) return undefined;
  try {
    const decipher = createDecipheriv('aes-128-cbc', key.subarray(16), bytes.subarray(9, headBytes));
    return Buffer.concat([decipher.update(signed.subarray(headBytes)), decipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}
