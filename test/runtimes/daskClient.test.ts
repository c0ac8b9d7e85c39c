import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { installDaskClient } from '../../src/environment/installDaskClient.ts';
import { withDaskClient } from '../../src/runtimes/process/daskClient.ts';

const usual = {
  DASK_GATEWAY__AUTH__TYPE: 'jupyterhub',
  DASK_LABEXTENSION__FACTORY__MODULE: 'dask_gateway',
  DASK_LABEXTENSION__FACTORY__CLASS: 'GatewayCluster',
};

describe('servers', () => {
  test('are told of the modules for Dask’s clients, and where they are', () => {
    expect(withDaskClient(usual, '/client')).toEqual({
      DASK_GATEWAY__AUTH__TYPE: 'atoll_gateway.HubAuth',
      DASK_LABEXTENSION__FACTORY__MODULE: 'atoll_gateway',
      DASK_LABEXTENSION__FACTORY__CLASS: 'GatewayCluster',
      DASK_DISTRIBUTED__CLIENT__SECURITY_LOADER: 'atoll_dask_client.security',
      PYTHONPATH: '/client',
    });
  });

  test('keep what the operator or their owner chose', () => {
    const own = {
      DASK_GATEWAY__AUTH__TYPE: 'basic',
      DASK_LABEXTENSION__FACTORY__MODULE: 'dask_gateway',
      DASK_LABEXTENSION__FACTORY__CLASS: 'Gateway',
      DASK_DISTRIBUTED__CLIENT__SECURITY_LOADER: 'mine.security',
      PYTHONPATH: '/shared/python:/group',
    };
    expect(withDaskClient(own, '/client')).toEqual({ ...own, PYTHONPATH: '/shared/python:/group:/client' });
  });

  test('are told of nothing that they could not find', () => {
    expect(withDaskClient(usual, undefined)).toEqual(usual);
  });
});

describe('the modules', () => {
  let state: string;
  beforeEach(() => {
    state = mkdtempSync(join(tmpdir(), 'atoll-client-'));
    mkdirSync(join(state, 'environment/lib/python3.11/site-packages'), { recursive: true });
  });
  afterEach(() => rmSync(state, { recursive: true }));

  test('are readable for all, and found by an environment that Atoll built; others are left as they are', () => {
    const umask = process.umask(0o077);
    onTestFinished(() => void process.umask(umask));
    const directory = join(state, 'environment');
    const paths = join(directory, 'lib/python3.11/site-packages/atoll.pth');
    const folder = installDaskClient(state, { directory, owned: false });
    expect(() => readFileSync(paths)).toThrow('ENOENT');
    expect(installDaskClient(state, { directory, owned: true })).toBe(folder);
    expect(readFileSync(paths, 'utf8')).toBe(`${folder}\n`);
    expect(statSync(folder).mode & 0o777).toBe(0o755);
    expect(statSync(join(folder, 'atoll_gateway.py')).mode & 0o777).toBe(0o644);
    expect(readFileSync(join(folder, 'atoll_gateway.py'), 'utf8')).toContain('class HubAuth');
    expect(readFileSync(join(folder, 'atoll_dask_client.py'), 'utf8')).toContain('def security');
  });

  test('are not put where PYTHONPATH could not name them', () => {
    const folder = join(state, 'a:b');
    expect(() => installDaskClient(folder, { directory: join(state, 'environment'), owned: true })).toThrow(
      `PYTHONPATH cannot name a folder with a colon in it: ${folder}/python/client`,
    );
    expect(existsSync(folder)).toBe(false);
  });
});
