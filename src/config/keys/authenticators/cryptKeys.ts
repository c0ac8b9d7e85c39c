import { z } from 'zod';
import { isCryptKey } from '../../../core/cryptKey.ts';
import { secretText } from '../types.ts';

const cryptKey = secretText.refine(isCryptKey, 'is no key: 32 bytes, as 64 hexadecimal digits (openssl rand -hex 32)');

/** CryptKeeper.keys: one key, or several, the first for encrypting. */
export const cryptKeys = z
  .union([cryptKey, z.array(cryptKey)])
  .transform((keys) => (typeof keys === 'string' ? [keys] : keys))
  .meta({ title: 'text or a list of text' });
