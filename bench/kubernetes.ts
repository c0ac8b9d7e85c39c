import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { cases } from './kubernetes/cases.ts';
import type { Figure } from './report/figure.ts';
import { handIn } from './report/handIn.ts';

// Pods by the thousand, on a real control plane with hollow nodes, which kubernetes/measure.ts has to itself:
//     node bench/kubernetes.ts [--only burst|watched|cuts]
//         [--rounds 3] [--pods 1000] [--watched 5000] [--spawns 500] [--cuts 100]

const measure = join(import.meta.dirname, 'kubernetes/measure.ts');
const withCluster = resolve(import.meta.dirname, '../test/kubernetes/with-cluster');
const child = spawn(withCluster, [process.execPath, measure, ...process.argv.slice(2)], {
  env: { ...process.env, KUBE_NODE: '0' },
  stdio: ['ignore', 'pipe', 'pipe'],
});
let [figures, words] = ['', ''];
child.stdout.on('data', (bytes: Buffer) => (figures += bytes.toString()));
child.stderr.on('data', (bytes: Buffer) => {
  words += bytes.toString();
  process.stderr.write(bytes);
});
const [code] = (await once(child, 'close')) as [number | null];
if (code === 0) handIn(JSON.parse(figures) as Figure[]);
// 3: such a cluster cannot be had on this machine, and it was said why.
else if (code === 3)
  handIn(cases.map((figure) => ({ ...figure, ours: [], missing: words.trim().split('\n').at(-1) ?? '' })));
else throw new Error(`the measurement ended with exit code ${code}`);
