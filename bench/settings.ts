import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { handIn } from './report/handIn.ts';

// What it costs to look at settings: `bin/atoll check` of three real files, its launcher and its check of what is installed
// counted, and how soon files are refused that somebody made to do harm.
//
//   node bench/settings.ts [--rounds 20]

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '20' } } });
const rounds = Number(values.rounds);
const project = resolve(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'atoll-bench-settings-'));
const realFiles = ['2i2c/nasa-ghg-hub/common.values.yaml', '2i2c/nasa-ghg-hub/prod.values.yaml', 'daskhub-2021.yaml'];

/** Files that are refused, and by which code. */
const hostile = {
  'a 10 MB file is refused': 'a: '.padEnd(10 * 2 ** 20, 'x'),
  'a billion laughs are refused': laughs(),
  '10,000 levels are refused': `a: ${'['.repeat(10_000)}${']'.repeat(10_000)}\n`,
};

/** Python, because Node does not tell how much memory a process had that has ended. */
const measure = `
import json, resource, subprocess, sys, time
begun = time.perf_counter()
ended = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
ms = (time.perf_counter() - begun) * 1000
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({"ms": ms, "megabytes": usage.ru_maxrss / 1024, "code": ended.returncode, "out": ended.stdout}))
`;

try {
  // The first one bundles the program where that is needed, and fills the cache of compiled code.
  check(realFiles.map(real), 0);
  const real3 = Array.from({ length: rounds }, () => check(realFiles.map(real), 0));
  const figures = [
    {
      case: 'settings/check of three real files',
      unit: 'ms',
      better: 'less' as const,
      ours: real3.map(({ ms }) => ms),
    },
    {
      case: 'settings/memory of that check',
      unit: 'MB',
      better: 'less' as const,
      ours: real3.map(({ megabytes }) => megabytes),
    },
  ];
  for (const [name, text] of Object.entries(hostile)) {
    const path = join(folder, 'hostile.yaml');
    writeFileSync(path, text);
    const ours = Array.from({ length: Math.min(rounds, 5) }, () => {
      const { ms, out } = check([path], 1);
      if (!out.includes('ATOLL_SETTINGS_TOO_LARGE')) throw new Error(`${name}: no clear error\n${out}`);
      return ms;
    });
    figures.push({ case: `settings/${name}`, unit: 'ms', better: 'less', ours });
  }
  handIn(figures);
} finally {
  rmSync(folder, { recursive: true });
}

function real(name: string): string {
  return join(project, 'test/config/values', name);
}

interface Measured {
  ms: number;
  megabytes: number;
  code: number;
  out: string;
}

/** Runs the check as a person does; without a Python environment, so that it is not Python's start that is measured. */
function check(files: readonly string[], expected: number): Measured {
  const options = files.flatMap((file) => ['-f', file]);
  const command = [join(project, 'bin/atoll'), 'check', '--data', folder, ...options];
  const result = spawnSync('python3', ['-c', measure, ...command], { encoding: 'utf8' });
  const measured = JSON.parse(result.stdout) as Measured;
  if (measured.code !== expected) throw new Error(`atoll check ended with ${measured.code}\n${measured.out}`);
  return measured;
}

function laughs(): string {
  const names = 'abcdefghij'.split('');
  return names
    .map(
      (name, index) =>
        `${name}: &${name} [${Array(10)
          .fill(index === 0 ? 'ha' : `*${names[index - 1]}`)
          .join(', ')}]`,
    )
    .join('\n');
}
