import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { problemsText } from '../../src/cli/settings/problemsText.ts';
import { loadSettings } from '../../src/config/loadSettings.ts';

const folder = join(import.meta.dirname, 'badFiles');
const names = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

// What people read, word for word, is kept beside each file: a change of it shows in the change set.
test.each(names)('what is said about %s', async (name) => {
  const text = readFileSync(join(folder, name), 'utf8');
  const { problems } = await loadSettings([{ name, text }]);
  expect(problems.some(({ severity }) => severity === 'error')).toBe(true);
  await expect(problemsText(problems)).toMatchFileSnapshot(join(folder, name.replace('.yaml', '.txt')));
});
