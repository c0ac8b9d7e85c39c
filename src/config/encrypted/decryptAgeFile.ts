import type { Problem } from '../problem.ts';
import type { ValuesInput } from '../values/parseValues.ts';
import { ageDecrypter } from './ageKeys.ts';

const beginning = '-----BEGIN AGE ENCRYPTED FILE-----';

/** Whether a whole file was encrypted by `age` (age-encryption.org). */
export function isAgeFile(text: string): boolean {
  return text.trimStart().startsWith(beginning);
}

/** The text of a binary age file in the form for text files, in which it can be kept and read like all others. */
export function armored(bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `${[beginning, ...lines, '-----END AGE ENCRYPTED FILE-----'].join('\n')}\n`;
}

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
