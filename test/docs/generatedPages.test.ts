import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { generatedPages } from '../../scripts/generate-docs.ts';
import { keyTable } from '../../src/config/keys/keyTable.ts';
import { loadSettings } from '../../src/config/loadSettings.ts';
import { errorTable } from '../../src/core/errorTable.ts';

const project = resolve(import.meta.dirname, '../..');
const pages = generatedPages();
const read = (path: string): string => readFileSync(join(project, path), 'utf8');

describe('generated pages', () => {
  test.each(Object.keys(pages))('%s is up to date (else: node scripts/generate-docs.ts)', (path) => {
    expect(read(path)).toBe(pages[path]);
  });

  test('every error code has its line', () => {
    const text = read('docs/errors.md');
    for (const [code, { when, nextStep }] of Object.entries(errorTable)) {
      expect(text).toContain(`\n| \`${code}\` |`);
      expect(text).toContain(when.replaceAll('|', '\\|'));
      expect(text).toContain(nextStep.replaceAll('|', '\\|'));
    }
  });

  test('every key is on the page of settings', () => {
    const text = read('docs/settings.md');
    const missing = keyTable
      .filter(
        (row) =>
          row.kind === 'key' &&
          // Of a class above, which has its line.
          !row.inherited &&
          !row.path.split('.').some((_, index, parts) => text.includes(`\`${parts.slice(index).join('.')}\``)),
      )
      .map(({ path }) => path);
    expect(missing).toEqual([]);
  });

  test('the settings file shown there is a good one', async () => {
    const [, yaml = ''] = /\n( {4}jupyterhub:\n(?: {4}.*\n)+)/.exec(read('docs/settings.md')) ?? [];
    const { settings, problems } = await loadSettings([{ name: 'settings.md', text: yaml.replace(/^ {4}/gm, '') }]);
    expect(problems).toEqual([]);
    expect(settings.authentication).toMatchObject({ authenticator: 'native', adminUsers: ['ada'] });
    expect(settings.clusters).toMatchObject({ maxWorkers: 20, idleTimeoutSeconds: 1800 });
  });
});
