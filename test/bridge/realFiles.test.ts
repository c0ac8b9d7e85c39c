import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { hasPython } from '../../src/bridge/hasPython.ts';
import { type SettingsWithPython, settingsWithPython } from '../../src/bridge/settingsWithPython.ts';
import { loadSettingsFiles } from '../../src/config/loadSettings.ts';
import { closeBridges, openBridge } from '../support/pythonSettings.ts';

const folder = join(import.meta.dirname, '../config/values');
const chart = join(folder, '2i2c/charts/basehub.values.yaml');
const withPython = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => join(folder, name))
  .filter((file) => readFileSync(file, 'utf8').includes('extraConfig:'));

afterEach(closeBridges);
afterAll(closeBridges);

async function run(files: string[]): Promise<SettingsWithPython> {
  const loaded = await loadSettingsFiles(files);
  const bridge = openBridge();
  const result = await settingsWithPython(loaded, { current: bridge, get: () => Promise.resolve(bridge) });
  result.adopt();
  return result;
}

const layersOf = (file: string): string[] => {
  const common = join(dirname(file), 'common.values.yaml');
  return [chart, ...(existsSync(common) && common !== file ? [common] : []), ...(file === chart ? [] : [file])];
};

/** What Python in files of operators does here: `hooks`, and what is named because it is not carried over. */
describe('the Python that operators really wrote', () => {
  test('is in ten files', () => expect(withPython.length).toBe(10));

  test.each(withPython.map((file) => relative(folder, file)))('%s runs, alone and layered', async (name) => {
    const file = join(folder, name);
    for (const files of [[file], layersOf(file)]) {
      const { problems, values, python } = await run(files);
      expect(problems.filter(({ code, severity }) => code.includes('PYTHON') && severity === 'error')).toEqual([]);
      // Some only take away, with an empty map or text, what another file says.
      expect(python !== undefined).toBe(hasPython(values));
    }
  });

  test.each([
    ['2i2c/earthscope/common.values.yaml', ['auth_state_hook']],
    ['2i2c/projectpythia/common.values.yaml', ['auth_state_hook']],
    ['2i2c/jupyter-health/common.values.yaml', ['auth_state_hook', 'modify_auth_state_hook', 'refresh_user_hook']],
    ['2i2c/utoronto/common-canvas.values.yaml', ['modify_auth_state_hook']],
    ['2i2c/maap/common.values.yaml', ['auth_state_hook', 'modify_auth_state_hook']],
  ])('%s: every hook of it is taken over, and nothing is left out', async (name, hooks) => {
    const { python, problems } = await run([join(folder, name)]);
    expect(python?.loaded.hooks.map((hook) => hook.name).toSorted()).toEqual(hooks);
    expect(problems.filter(({ code }) => code.includes('PYTHON'))).toEqual([]);
  });

  test('2i2c’s own chart: what is for pods only is named, the rest works', async () => {
    const { python, problems } = await run(layersOf(join(folder, '2i2c/nasa-ghg-hub/prod.values.yaml')));
    expect(python?.loaded.hooks.map((hook) => hook.name).toSorted()).toEqual(
      expect.arrayContaining(['profile_list', 'refresh_user_hook']),
    );
    const named = problems.filter(({ code }) => code === 'ATOLL_SETTINGS_PYTHON_PART');
    expect(named.map(({ line, message }) => `${line} ${message.split(':')[0]}`)).toEqual([
      '1357 c.JupyterHub.spawner_class',
      '1426 c.KubeSpawner.modify_pod_hook',
      '193 This Python does not run',
    ]);
    expect(named.every(({ suggestion, file }) => suggestion !== undefined && file === chart)).toBe(true);
  });

  test('… and with the variable that Kubernetes gives, its clusters have their options', async () => {
    process.env.BASEHUB_K8S_DIST = 'eks';
    try {
      const { python, settings } = await run(layersOf(join(folder, '2i2c/nasa-ghg-hub/prod.values.yaml')));
      expect(python?.loaded.clusterOptions).toBe('perUser');
      expect(settings.clusters.idleTimeoutSeconds).toBe(1800);
    } finally {
      delete process.env.BASEHUB_K8S_DIST;
    }
  });
});
