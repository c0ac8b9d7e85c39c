import { createHash } from 'node:crypto';
import { equalInConstantTime } from '../core/ids.ts';

/** More than JupyterHub ever used (16384): a database must not make each look-up slow. */
const mostRounds = 100_000;

/** How JupyterHub keeps tokens: `sha512:ROUNDS:SALT:DIGEST`. */
const form = /^sha512:(\d{1,6}):([^:]{1,64}):([\da-f]{128})$/;

/** Whether a hash is one that {@link fitsImportedHash} can check. */
export function isImportableHash(hash: string): boolean {
  const rounds = form.exec(hash)?.[1];
  return rounds !== undefined && Number(rounds) >= 1 && Number(rounds) <= mostRounds;
}

/** Whether a secret is the one that JupyterHub made this hash of: SHA-512 of the salt, then of the secret so many times. */
export function fitsImportedHash(secret: string, hash: string): boolean {
  const [, rounds, salt, digest] = form.exec(hash) ?? [];
  if (rounds === undefined || salt === undefined || digest === undefined) return false;
  const sha512 = createHash('sha512').update(salt);
  for (let round = 0; round < Number(rounds); round++) sha512.update(secret);
  return equalInConstantTime(sha512.digest('hex'), digest);
}
