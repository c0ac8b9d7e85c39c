import { isSecretName } from '../secretNames.ts';
import type { Place } from './valueNode.ts';

/**
 * The line of a place with the one before it, numbered, and a mark below the column. Values that may be secret are
 * masked: those of keys with a secret's name, whatever is nested below such a key, passwords in URLs, long random words.
 */
export function excerpt({ file, offset }: Place): string {
  const { line, column } = file.positionAt(offset);
  const lines = file.lines();
  const width = String(line).length;
  // Of a long line, the part around the column.
  const from = column > window ? column - window / 2 : 0;
  const shown = [line - 1, line]
    .filter((number) => number >= 1)
    .map((number) => `${String(number).padStart(width)} | ${maskLine(lines, number - 1).slice(from, from + window)}`);
  const last = shown.at(-1) ?? '';
  const mark = Math.min(width + 3 + column - 1 - from, last.length);
  return [...shown, `${' '.repeat(mark)}^`].join('\n');
}

/** Characters of a line that are shown. */
const window = 160;
/** Longer lines are not looked at: they are data, and the patterns below would take long on them. */
const longestLine = 1000;
const mask = '***';
const keyValue = /^(\s*(?:- +)*)(["']?)([^"'#:\s][^"'#:]*)\2(\s*:)(?:(\s+)(.*))?$/;

function maskLine(lines: readonly string[], index: number): string {
  const full = lines[index] ?? '';
  if (full.length > longestLine) return `(a line of ${full.length} characters)`;
  const line = full.replace(/\p{Cc}/gu, ' ');
  const [, indent, quote, key, colon, blank, value] = keyValue.exec(line) ?? [];
  if (key === undefined) return belowSecret(lines, index) ? line.replace(/\S.*/, mask) : maskWords(line);
  const hidden = isSecretName(key) || belowSecret(lines, index);
  const shownValue = value === undefined ? '' : (blank ?? '') + (hidden ? maskValue(value) : maskWords(value));
  return `${indent}${quote}${key}${quote}${colon}${shownValue}`;
}

/** Keeps what says nothing about the secret: the marks of block texts and references. */
function maskValue(value: string): string {
  return /^(?:[|>][+-]?|\{\}|\[\]|)\s*$/.test(value) ? value : mask;
}

/** Whether a line stands below a key with a secret's name: in its map, or in its text of several lines. */
function belowSecret(lines: readonly string[], index: number): boolean {
  // The items of a list may stand as far left as its key.
  let indent = indentOf(lines[index] ?? '') + (/^\s*-/.test(lines[index] ?? '') ? 1 : 0);
  for (let above = index - 1; above >= 0 && indent > 0; above -= 1) {
    const line = lines[above] ?? '';
    if (line.trim() === '' || indentOf(line) >= indent) continue;
    indent = indentOf(line);
    const key = keyValue.exec(line.slice(0, longestLine))?.[3];
    if (key !== undefined && isSecretName(key)) return true;
  }
  return false;
}

const inner = /([\w.-]+)["']?\s*[:=]\s*/g;

function maskWords(text: string): string {
  for (const match of text.matchAll(inner)) {
    const end = match.index + match[0].length;
    if (isSecretName(match[1] ?? '') && end < text.length)
      return maskWords(text.slice(0, match.index)) + match[0] + mask;
  }
  return text
    .replace(/(:\/\/[^\s:/@]*:)[^\s/@]+@/g, `$1${mask}@`)
    .replace(/[A-Za-z0-9+/_=-]{20,}/g, (word) => (/\d/.test(word) && /[A-Za-z]/.test(word) ? mask : word));
}

function indentOf(line: string): number {
  return line.search(/\S|$/);
}
