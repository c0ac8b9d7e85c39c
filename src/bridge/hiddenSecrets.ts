import { isSecretName } from '../config/isSecretName.ts';
import { randomHex } from '../core/ids.ts';

/**
 * Secrets that are not handed to Python: each stands for itself by a text that means nothing, which is put back wherever
 * it comes in what Python sets. So a snippet can change a map with a secret in it, and the secret stays.
 */
export class HiddenSecrets {
  readonly #mark = `hidden-${randomHex(8)}-`;
  readonly #secrets: unknown[] = [];
  readonly #named: string;

  /** @param named a text; secrets whose keys it mentions are not hidden. */
  constructor(named: string) {
    this.#named = named;
  }

  /** A value with the texts and numbers below keys with a secret's name hidden. */
  hide(value: unknown, below = false): unknown {
    const mayHide = typeof value === 'number' || (typeof value === 'string' && value !== '');
    if (mayHide) return below ? this.#mark + (this.#secrets.push(value) - 1) : value;
    if (Array.isArray(value)) return value.map((item) => this.hide(item, below));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [
        name,
        this.hide(item, below || (isSecretName(name) && !this.#named.includes(name))),
      ]),
    );
  }

  /** A value with the secrets in their places again. */
  reveal(value: unknown): unknown {
    if (typeof value === 'string') {
      const whole = new RegExp(`^${this.#mark}(\\d+)$`).exec(value);
      if (whole) return this.#secrets[Number(whole[1])];
      return value.replace(new RegExp(`${this.#mark}(\\d+)`, 'g'), (_, index) => String(this.#secrets[Number(index)]));
    }
    if (Array.isArray(value)) return value.map((item) => this.reveal(item));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, this.reveal(item)]));
  }
}
