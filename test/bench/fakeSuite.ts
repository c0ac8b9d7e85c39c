import { spawn } from 'node:child_process';
import type { Figure } from '../../bench/report/figure.ts';
import { handIn, part } from '../../bench/report/handIn.ts';
import { parseKubernetesMemory } from '../../src/core/quantities.ts';

// A suite for tests.
//
//   node test/bench/fakeSuite.ts FIGURES     hands in figures, given as JSON
//   node test/bench/fakeSuite.ts broken      has a part that goes wrong, and one that does not
//   node test/bench/fakeSuite.ts leave       leaves a process behind, whose id it hands in

const [word = ''] = process.argv.slice(2);
const one: Figure = { case: 'fake/one', unit: 'ms', better: 'less', ours: [1, 1, 1] };
if (word === 'broken') {
  await part('broken', () => Promise.reject(new Error(`no such file: ${import.meta.filename}`)));
  await part('whole', () => Promise.resolve(handIn([one])));
} else if (word === 'leave') {
  const child = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
  child.unref();
  handIn([{ ...one, ours: [child.pid ?? 0] }]);
} else {
  // What a profile finds.
  for (let index = 0; index < 300_000; index++) parseKubernetesMemory('2Gi');
  handIn(JSON.parse(word) as Figure[]);
}
