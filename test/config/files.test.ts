import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadSettingsFiles } from '../../src/config/loadSettings.ts';
import { readValuesFiles } from '../../src/config/values/readValuesFiles.ts';

let folder: string;
const file = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'atoll-settings-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('files, folders and pipes', () => {
  test('a folder stands for its *.yaml by name, and later ones win', async () => {
    const inner = join(folder, 'layers');
    mkdirSync(inner);
    file('layers/20-later.yaml', 'singleuser: {defaultUrl: /later}');
    file('layers/10-first.yml', 'singleuser: {defaultUrl: /first, startTimeout: 9}');
    file('layers/30-notes.txt', 'not: [yaml');
    const { settings, problems } = await loadSettingsFiles([inner]);
    expect(problems).toEqual([]);
    expect(settings.servers).toMatchObject({ defaultUrl: '/later', startTimeoutSeconds: 9 });
  });

  test.each<[name: string, make: () => string, code: string]>([
    ['no such file', () => join(folder, 'missing.yaml'), 'UNREADABLE'],
    ['a folder without settings', () => (mkdirSync(join(folder, 'empty')), join(folder, 'empty')), 'UNREADABLE'],
    ['UTF-16', () => file('utf16.yaml', Buffer.from('\uFEFFa: 1', 'utf16le')), 'ENCODING'],
    ['UTF-16 without its mark', () => file('bare.yaml', Buffer.from('a: 1', 'utf16le')), 'ENCODING'],
    ['Latin-1', () => file('latin1.yaml', Buffer.from('a: Zürich', 'latin1')), 'ENCODING'],
    ['bytes of a program', () => file('program.yaml', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0])), 'ENCODING'],
    ['5 MiB', () => file('long.yaml', 'a'.repeat(5 * 2 ** 20)), 'TOO_LARGE'],
    ['an endless file', () => '/dev/zero', 'TOO_LARGE'],
  ])('%s', async (_, make, code) => {
    const path = make();
    const { problems } = await loadSettingsFiles([path]);
    expect(problems).toMatchObject([
      { code: `ATOLL_SETTINGS_${code}`, severity: 'error', file: path, line: 1, column: 1 },
    ]);
  });

  test.skipIf(process.getuid?.() === 0)('a file that may not be read (root may read all)', async () => {
    const path = file('closed.yaml', 'a: 1');
    chmodSync(path, 0);
    expect((await loadSettingsFiles([path])).problems).toMatchObject([{ code: 'ATOLL_SETTINGS_UNREADABLE' }]);
  });

  test('a mark of UTF-8 at the beginning is no mistake, as in Helm', () => {
    const path = file('marked.yaml', '\uFEFFatoll: {}');
    expect(readValuesFiles([path])).toEqual({ inputs: [{ name: path, text: 'atoll: {}' }], problems: [] });
  });

  test('one bad file does not hide another', async () => {
    const { problems } = await loadSettingsFiles([join(folder, 'gone.yaml'), file('bad.yaml', 'atol: {}')]);
    expect(problems.map(({ code }) => code)).toEqual(['ATOLL_SETTINGS_UNREADABLE', 'ATOLL_SETTINGS_UNKNOWN_KEY']);
  });
});
