import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { ensureEnvironment } from '../src/environment/ensureEnvironment.ts';
import { cases, deployed } from './kubernetes/cases.ts';
import { fail, handIn, part } from './report/handIn.ts';
import type { SuiteMessage } from './report/results.ts';

// Pods by the thousand, on a real control plane with hollow nodes; and a deployment, on a real node. kubernetes/measure.ts has
// each of them to itself.
//
//     node bench/kubernetes.ts [--rounds 3] [--only cuts|burst|watched|deploy]

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' }, only: { type: 'string' } } });
const asked = (parts: readonly string[]): string[] =>
  parts.filter((name) => values.only === undefined || values.only === name);
const environment = await ensureEnvironment({
  stateDirectory: resolve(import.meta.dirname, '../.cache'),
  onProgress: (line) => console.error(line),
});

const onControlPlane = cases.filter((one) => one !== deployed);
await part('control plane', () => measure(asked(['cuts', 'burst', 'watched']), onControlPlane, '0'));
await part('node', () => measure(asked(['deploy']), [deployed], '1'));

/** Runs parts of kubernetes/measure.ts beside a Kubernetes; where none can be had, their cases are handed in as missing. */
async function measure(parts: readonly string[], theirs: typeof cases, nodes: string): Promise<void> {
  if (parts.length === 0) return;
  const program = join(import.meta.dirname, 'kubernetes/measure.ts');
  const withCluster = resolve(import.meta.dirname, '../test/kubernetes/with-cluster');
  const child = spawn(withCluster, [process.execPath, program, '--rounds', values.rounds, ...parts], {
    env: { ...process.env, KUBE_NODE: nodes, ATOLL_PYTHON_ENV: environment.directory },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  createInterface(child.stdout).on('line', (line) => {
    const { figures, failure } = JSON.parse(line) as SuiteMessage;
    if (failure === undefined) handIn(figures);
    else fail('kubernetes', failure);
  });
  let words = '';
  child.stderr.on('data', (bytes: Buffer) => {
    words += bytes.toString();
    process.stderr.write(bytes);
  });
  const [code] = (await once(child, 'close')) as [number | null];
  // 3: such a cluster cannot be had on this machine, and it was said why.
  if (code === 3)
    handIn(theirs.map((figure) => ({ ...figure, ours: [], missing: words.trim().split('\n').at(-1) ?? '' })));
  else if (code !== 0) throw new Error(`the measurement ended with exit code ${code}`);
}
