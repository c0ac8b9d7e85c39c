import { isSecretName } from './isSecretName.ts';

/** What is shown in the place of a secret. */
export const mask = '***';

// Between the two may stand a quote, or a sign that strayed there.
const nameAndMark = /([\w.-]+)[^\w\s:=]?\s*[:=]\s*/g;

/**
 * A short text without what may be secret in it: all after a secret's name with a colon or equals sign, passwords in URLs,
 * long random words.
 */
export function maskSecrets(text: string): string {
  for (const match of text.matchAll(nameAndMark)) {
    const end = match.index + match[0].length;
    if (isSecretName(match[1] ?? '') && end < text.length)
      return maskSecrets(text.slice(0, match.index)) + match[0] + mask;
  }
  return text
    .replace(/(:\/\/[^\s:/@]*:)[^\s/@]+@/g, `$1${mask}@`)
    .replace(/[A-Za-z0-9+/_=-]{20,}/g, (word) => (isRandom(word) ? mask : word));
}

function isRandom(word: string): boolean {
  return /^[\da-f-]+$/i.test(word) || (/\d/.test(word) && /[a-z]/.test(word) && /[A-Z]/.test(word));
}

/** A text from a file as it may stand in a message: in quotes, short, its secrets masked. */
export function quoted(text: string): string {
  const shortened = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return JSON.stringify(maskSecrets(shortened));
}
