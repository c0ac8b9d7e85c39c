import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';

/**
 * Encrypts small secrets that must be read back (TLS keys, cluster tokens) before they go into the store:
 * AES-256-GCM under a 32-byte key, 12-byte random nonce, as `v1.<base64url of nonce, ciphertext and tag>`.
 */
export class Sealer {
  readonly #key: KeyObject;

  /** @param key 32 bytes. */
  constructor(key: Buffer) {
    if (key.length !== 32) throw new RangeError('the sealing key must have 32 bytes');
    this.#key = createSecretKey(key);
  }

  /** Encrypts `plain`; `context` (say `cluster:NAME`) must be the same on {@link open}, so that values cannot be swapped. */
  seal(plain: string, context: string): string {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(Buffer.from(context));
    const body = Buffer.concat([nonce, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return `v1.${body.toString('base64url')}`;
  }

  /** Decrypts what {@link seal} made. Throws when it was altered or sealed under another key or context. */
  open(sealed: string, context: string): string {
    const body = Buffer.from(sealed.slice('v1.'.length), 'base64url');
    const decipher = createDecipheriv('aes-256-gcm', this.#key, body.subarray(0, 12)).setAAD(Buffer.from(context));
    decipher.setAuthTag(body.subarray(body.length - 16));
    return decipher.update(body.subarray(12, body.length - 16), undefined, 'utf8') + decipher.final('utf8');
  }
}
