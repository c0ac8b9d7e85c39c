import { isSecretName } from '../isSecretName.ts';
import { mask, maskSecrets } from '../maskSecrets.ts';
import type { Place } from './valueNode.ts';

/**
 * The line of a place with the one before it, numbered, and a mark below the column. Values that may be secret are
 * masked: those of keys with a secret's name, whatever is nested below such a key, passwords in URLs, long random words;
 * with `hidden`, everything in the line after its first key. Of a file that was encrypted, only keys are shown.
 */
export function excerpt({ file, offset }: Place, hidden = false): string {
  const { line, column } = file.positionAt(offset);
  const lines = file.lines();
  const width = String(line).length;
  // Of a long line, the part around the column.
  const from = column > window ? column - window / 2 : 0;
  const shown = [line - 1, line]
    .filter((number) => number >= 1)
    .map((number) => {
      const shownLine = maskLine(lines, number - 1, file.secret || (hidden && number === line));
      return `${String(number).padStart(width)} | ${shownLine.slice(from, from + window)}`;
    });
  const last = shown.at(-1) ?? '';
  const mark = Math.min(width + 3 + column - 1 - from, last.length);
  return [...shown, `${' '.repeat(mark)}^`].join('\n');
}

/** Characters of a line that are shown. */
const window = 160;
/** Longer lines are not looked at: they are data, and the patterns below would take long on them. */
const longestLine = 1000;
const keyValue = /^(\s*(?:- +)*)(["']?)(?=[^:]*\w)([^"'#:\s][^"'#:]*)\2(\s*:)(?:(\s+)(.*))?$/;

function maskLine(lines: readonly string[], index: number, whole: boolean): string {
  const full = lines[index] ?? '';
  if (full.length > longestLine) return `(a line of ${full.length} characters)`;
  const line = full.replace(/\p{Cc}/gu, ' ');
  const [, indent, quote, key, colon, blank = '', value = ''] = keyValue.exec(line) ?? [];
  if (belowSecret(lines, index) || (key === undefined && (whole || afterSecret(lines, index))))
    return line.replace(/\S.*/, mask);
  if (key === undefined) return maskSecrets(line);
  const shownValue = whole || namesSecret(key) ? maskValue(value) : maskSecrets(value);
  return `${indent}${quote}${maskSecrets(key)}${quote}${colon}${blank}${shownValue}`;
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
    if (key !== undefined && namesSecret(key)) return true;
  }
  return false;
}

/** Whether a secret's name stands between a line without key and the last key above: in broken YAML, indentation says little. */
function afterSecret(lines: readonly string[], index: number): boolean {
  for (let above = index - 1; above >= 0; above -= 1) {
    const line = (lines[above] ?? '').slice(0, longestLine);
    if (namesSecret(line)) return true;
    if (keyValue.test(line)) return false;
  }
  return false;
}

/** Whether one of the words is a secret's name; a key may have strayed brackets and the like before it. */
function namesSecret(text: string): boolean {
  return text.match(/[\w.-]+/g)?.some(isSecretName) ?? false;
}

function indentOf(line: string): number {
  return line.search(/\S|$/);
}
