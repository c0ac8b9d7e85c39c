import type { Problem } from '../problem.ts';
import type { ValuesInput } from '../values/parseValues.ts';
import { ageDecrypter } from './ageKeys.ts';

/** Decrypts a whole file with an age key of the person. Nothing of its text is shown later. */
export async function decryptAgeFile({
  name,
  text,
}: ValuesInput): Promise<{ input: ValuesInput } | { problem: Problem }> {
  const fail = (message: string): { problem: Problem } => ({
    problem: { code: 'ATOLL_SETTINGS_ENCRYPTED', severity: 'error', message, file: name, line: 1, column: 1, path: '' },
  });
  const decrypter = await ageDecrypter();
  if (!decrypter) return fail('The file is encrypted with age, and there is no age key to decrypt it with.');
  try {
    const plain = await decrypter.decrypt(text);
    return { input: { name, text: new TextDecoder('utf-8', { fatal: true }).decode(plain), secret: true } };
  } catch {
    return fail('The file is encrypted with age for other keys than those that are here, or was changed since.');
  }
}
