import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { profileText, summarizeProfiles } from '../../bench/report/profile.ts';

const root = resolve(import.meta.dirname, '../..');

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'atoll-profile-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A node of a profile; `file` is one of the project, or of Node. */
function node(id: number, functionName: string, file: string, children: number[] = []): object {
  const url = file.includes('/') ? pathToFileURL(join(root, file)).href : file;
  return { id, callFrame: { functionName, url }, children };
}

/** Writes a profile in which each of these nodes was seen for so many milliseconds. */
function writeProfile(folder: string, name: string, nodes: object[], seen: Record<number, number>): void {
  const samples = Object.keys(seen).map(Number);
  const timeDeltas = Object.values(seen).map((milliseconds) => milliseconds * 1000);
  writeFileSync(join(folder, `${name}.cpuprofile`), JSON.stringify({ nodes, samples, timeDeltas }));
}

test('time counts for the nearest of our functions on the stack', () => {
  const folder = newFolder();
  const nodes = [
    node(1, '(root)', '', [2, 6, 7]),
    node(2, 'handle', 'src/edge/exchange.ts', [3, 4]),
    node(3, 'write', 'node:net'),
    node(4, 'find', 'src/edge/routeTable.ts', [5]),
    node(5, 'get', 'node_modules/some/library.js'),
    node(6, '(garbage collector)', ''),
    node(7, '(idle)', ''),
  ];
  writeProfile(folder, 'edge', nodes, { 2: 100, 3: 200, 5: 500, 6: 200, 7: 9000 });
  const summary = summarizeProfiles(folder);
  expect(summary?.seconds).toBe(1);
  expect(summary?.folders).toEqual([
    { where: 'src/edge', share: 0.8 },
    { where: '(garbage collector)', share: 0.2 },
  ]);
  expect(summary?.functions[0]).toEqual({ where: 'src/edge/routeTable.ts find', share: 0.5 });
  expect(summary?.running).toEqual([
    { where: 'some/library.js get', share: 0.5 },
    { where: 'node:net write', share: 0.2 },
    { where: '(garbage collector)', share: 0.2 },
    { where: 'src/edge/exchange.ts handle', share: 0.1 },
  ]);
});

test('peers and the program that measures are left out', () => {
  const folder = newFolder();
  writeProfile(folder, 'peer', [node(1, 'proxy', 'node_modules/peer/index.js')], { 1: 100 });
  const bench = [node(1, 'measure', 'bench/api.ts', [2]), node(2, 'open', 'src/store/openSqlite.ts')];
  writeProfile(folder, 'bench', bench, { 1: 100, 2: 10 });
  expect(summarizeProfiles(folder)).toBeUndefined();
});

test('it reads what Node writes', () => {
  const folder = newFolder();
  const script = `import { parseKubernetesMemory } from ${JSON.stringify(join(root, 'src/core/quantities.ts'))};
    for (let index = 0; index < 300_000; index++) parseKubernetesMemory('2Gi');`;
  const words = ['--cpu-prof', `--cpu-prof-dir=${folder}`, '--input-type=module', '-e', script];
  const ended = spawnSync(process.execPath, words, { encoding: 'utf8' });
  expect(ended.stderr).toBe('');
  const summary = summarizeProfiles(folder);
  expect(summary?.folders[0]?.where).toBe('src/core');
  expect(profileText(summary!).join('\n')).toContain('src/core/quantities.ts');
});
