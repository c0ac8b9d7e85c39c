import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Secret } from 'kubernetes-types/core/v1.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kubernetesTools } from '../../scripts/kubernetesTools.ts';
import { until } from '../support/until.ts';
import { atollImage, DeployWorld, type Ended } from './support/deployWorld.ts';

const project = resolve(import.meta.dirname, '../..');
const helm = kubernetesTools(join(project, '.cache'))?.helm;

describe.skipIf(process.env.ATOLL_TEST_KUBE_LOGS === undefined || helm === undefined)('helm, on a real node', () => {
  let world: DeployWorld;
  const upgrade = (file: string): Promise<Ended> => {
    const image = join(world.folder, 'image.yaml');
    writeFileSync(image, `atoll: { deploy: { image: ${atollImage} } }`);
    const release = [world.name, join(project, 'chart'), '--namespace', world.name, '--create-namespace'];
    return world.run(helm ?? '', ['upgrade', '--install', ...release, '-f', file, '-f', image, '--wait']);
  };
  const keyOf = async (): Promise<string | undefined> =>
    (await world.get<Secret>('/api/v1', 'secrets/atoll-keys')).data?.['control-token'];

  beforeAll(async () => {
    world = await DeployWorld.open();
  });
  afterAll(async () => {
    await world.close();
  });

  test('one command installs it', async () => {
    const { code, output } = await upgrade(world.settings());
    expect(output).toContain('STATUS: deployed');
    expect(code).toBe(0);
    await world.findUrl();
    expect((await fetch(`${world.url}/hub/login`)).status).toBe(200);
    expect((await world.api('POST', '/users/ada')).status).toBe(201);
  });

  test('the same command upgrades it: new settings count, people and keys stay', async () => {
    const before = await keyOf();
    const { code } = await upgrade(world.settings({ jupyterhub: { cull: { enabled: false } }, memory: '2G' }));
    expect(code).toBe(0);
    expect(await keyOf()).toBe(before);
    await until('the new hub answers', async () => (await world.api('GET', '/users/ada')).status === 200);
  });

  test('`atoll deploy` leaves it alone, and says whose it is', async () => {
    const { code, output } = await world.deploy(world.settings());
    expect(code).toBe(1);
    expect(output).toContain(`It belongs to the Helm release ${world.name}, which \`helm upgrade\` brings up to date.`);
    expect(output).toContain('ATOLL_DEPLOY_FOREIGN');
  });

  test('uninstalled and installed again, it has the same people', async () => {
    const before = await keyOf();
    const { output } = await world.run(helm ?? '', ['uninstall', world.name, '--namespace', world.name, '--wait']);
    expect(output).toContain('uninstalled');
    expect(await keyOf()).toBe(before);
    expect((await upgrade(world.settings())).code).toBe(0);
    await world.findUrl();
    await until('the hub answers', async () => (await world.api('GET', '/users/ada')).status === 200);
  });
});
