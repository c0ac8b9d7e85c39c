import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SettingsWatch } from '../../src/cli/settings/settingsWatch.ts';
import { until } from '../support/until.ts';

let folder: string;
let watch: SettingsWatch | undefined;
let changes: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'atoll-watch-'));
  changes = 0;
});

afterEach(() => {
  watch?.close();
  watch = undefined;
  rmSync(folder, { recursive: true, force: true });
});

const path = (name: string): string => join(folder, name);

/** Watches; the looks of its own are so rare that they play no part, unless they are asked for. */
function begin(paths: string[], lookMs = 3_600_000): void {
  watch = new SettingsWatch({ paths, onChange: () => changes++, quietMs: 30, lookMs });
  watch.start();
}

/** Whether a change is told after `act`: true, or never. */
async function tells(act: () => void): Promise<boolean> {
  const before = changes;
  act();
  await until('a change', () => changes > before);
  return true;
}

test('a file that is written to, and one that is replaced, again and again', async () => {
  writeFileSync(path('a.yaml'), 'a: 1');
  begin([path('a.yaml')]);
  expect(await tells(() => writeFileSync(path('a.yaml'), 'a: 2'))).toBe(true);
  for (const text of ['a: 3', 'a: 4']) {
    const told = await tells(() => {
      writeFileSync(path('.a.yaml.swp'), text);
      renameSync(path('.a.yaml.swp'), path('a.yaml'));
    });
    expect(told).toBe(true);
  }
});

test('the files of a ConfigMap, whose folder is swapped as a whole, twice', async () => {
  const publish = (version: string): void => {
    mkdirSync(path(version));
    writeFileSync(path(`${version}/values.yaml`), `version: ${version}`);
    symlinkSync(version, path('..data_tmp'));
    renameSync(path('..data_tmp'), path('..data'));
  };
  publish('..1');
  symlinkSync('..data/values.yaml', path('values.yaml'));
  begin([path('values.yaml')]);
  expect(await tells(() => publish('..2'))).toBe(true);
  rmSync(path('..1'), { recursive: true });
  expect(await tells(() => publish('..3'))).toBe(true);
});

test('a folder of files: one that comes, and one that goes', async () => {
  writeFileSync(path('a.yaml'), 'a: 1');
  begin([folder]);
  expect(await tells(() => writeFileSync(path('b.yaml'), 'b: 1'))).toBe(true);
  expect(await tells(() => rmSync(path('a.yaml')))).toBe(true);
});

test('a folder that is taken away and put there again', async () => {
  mkdirSync(path('settings'));
  writeFileSync(path('settings/a.yaml'), 'a: 1');
  begin([path('settings/a.yaml')], 50);
  expect(await tells(() => rmSync(path('settings'), { recursive: true }))).toBe(true);
  const told = await tells(() => {
    mkdirSync(path('settings'));
    writeFileSync(path('settings/a.yaml'), 'a: 2');
  });
  expect(told).toBe(true);
  expect(await tells(() => writeFileSync(path('settings/a.yaml'), 'a: 33'))).toBe(true);
});

test('several steps in short order are told once', async () => {
  writeFileSync(path('a.yaml'), 'a: 1');
  watch = new SettingsWatch({ paths: [path('a.yaml')], onChange: () => changes++, quietMs: 400 });
  watch.start();
  for (let step = 0; step < 5; step++) writeFileSync(path('a.yaml'), `a: ${step}`);
  await until('a change', () => changes > 0);
  expect(changes).toBe(1);
});

test('whatever else happens beside the files is passed over, and hides no change', async () => {
  writeFileSync(path('a.yaml'), 'a: 1');
  begin([path('a.yaml')]);
  let writes = 0;
  const busy = setInterval(() => writeFileSync(path('atoll.db'), String(writes++)), 5);
  try {
    await until('many other writes', () => writes > 60);
    expect(changes).toBe(0);
    expect(await tells(() => writeFileSync(path('a.yaml'), 'a: 2'))).toBe(true);
    const before = writes;
    await until('many more', () => writes > before + 60);
    expect(changes).toBe(1);
  } finally {
    clearInterval(busy);
  }
});

test('what changed before the watch began', async () => {
  writeFileSync(path('a.yaml'), 'a: 1');
  watch = new SettingsWatch({ paths: [path('a.yaml')], onChange: () => changes++, quietMs: 30, lookMs: 3_600_000 });
  writeFileSync(path('a.yaml'), 'a: 22');
  watch.start();
  await until('a change', () => changes > 0);
  expect(changes).toBe(1);
});

test('files that settings refer to, as far as they do now, whether or not they are there', async () => {
  writeFileSync(path('a.yaml'), 'a: 1');
  mkdirSync(path('secrets'));
  writeFileSync(path('secrets/one'), '1');
  watch = new SettingsWatch({
    paths: [path('a.yaml')],
    referredFiles: [path('secrets/one')],
    onChange: () => changes++,
    quietMs: 30,
    lookMs: 3_600_000,
  });
  watch.start();
  expect(await tells(() => writeFileSync(path('secrets/one'), '22'))).toBe(true);
  expect(watch.follow([path('secrets/one')])).toBe(false);
  expect(watch.follow([path('secrets/two')])).toBe(true);
  writeFileSync(path('secrets/one'), '333');
  expect(await tells(() => writeFileSync(path('secrets/two'), '2'))).toBe(true);
  expect(changes).toBe(2);
});

test('what can be read only once cannot be watched', () => {
  writeFileSync(path('a.yaml'), '');
  expect(SettingsWatch.canWatch([path('a.yaml'), folder])).toBe(true);
  expect(SettingsWatch.canWatch(['-'])).toBe(false);
  expect(SettingsWatch.canWatch(['/dev/stdin'])).toBe(false);
  expect(SettingsWatch.canWatch([path('missing')])).toBe(false);
  expect(SettingsWatch.canWatch([])).toBe(false);
});
