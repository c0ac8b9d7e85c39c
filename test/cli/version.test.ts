import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { projectFolder } from '../../src/core/projectFolder.ts';
import { version } from '../../src/core/version.ts';

test('the program says its version', () => {
  const { stdout, status } = spawnSync(process.execPath, [join(projectFolder, 'src/main.ts'), '--version'], {
    encoding: 'utf8',
  });
  expect({ stdout, status }).toEqual({ stdout: `${version}\n`, status: 0 });
});
