import { expect } from 'vitest';
import { loadSettings } from '../../src/config/loadSettings.ts';
import type { Problem } from '../../src/config/problem.ts';
import type { Settings } from '../../src/config/settings.ts';

/** Settings and problems of some texts, layered in their order as `1.yaml`, `2.yaml`, … */
export async function load(...texts: string[]): Promise<{ settings: Settings; problems: Problem[] }> {
  return loadSettings(texts.map((text, index) => ({ name: `${index + 1}.yaml`, text })));
}

/** The settings of texts that must have neither errors nor warnings. */
export async function settingsFrom(...texts: string[]): Promise<Settings> {
  const { settings, problems } = await load(...texts);
  expect(problems.map(short)).toEqual([]);
  return settings;
}

/** A problem in one line, without its excerpt. */
export function short({ file, line, column, code, path, message, suggestion }: Problem): string {
  return `${file}:${line}:${column} ${code} ${path}: ${message}${suggestion ? ` [${suggestion}]` : ''}`;
}
