import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { createGatewayApi } from '../../src/api/gateway/createGatewayApi.ts';
import type { ClusterOptions } from '../../src/clusters/clusterOptions.ts';
import { gatewayAccessScope } from '../../src/identity/roles/defaultRoles.ts';
import { ScopeSet } from '../../src/identity/scopes/scopeSet.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { ClusterWorld } from '../support/clusterWorld.ts';
import { GatewayScript } from '../support/gatewayScript.ts';

const options: ClusterOptions = {
  fields: [
    { type: 'string', field: 'image', default: 'plain', label: 'Image' },
    { type: 'bool', field: 'gpu' },
    { type: 'int', field: 'cores', min: 1, max: 4, default: 2 },
    { type: 'float', field: 'memory', min: 0.5, max: 8, default: 1 },
    {
      type: 'select',
      field: 'size',
      options: [
        { key: 'small', value: '1 G' },
        { key: 'large', value: '4 G' },
      ],
    },
    { type: 'mapping', field: 'environment', default: { A: 'b' } },
  ],
  handler: ({ image, cores, size, environment }) => {
    if (image === 'forbidden') throw new Error('This image is not allowed.\nChoose another one.');
    return { worker_cores: cores, worker_memory: size, environment };
  },
};

test('the client reads options of all kinds, sends them, and shows what is refused', async () => {
  const world = await ClusterWorld.create();
  const { clusters } = await world.open({ optionsFor: () => options });
  const api = createGatewayApi({
    clusters,
    version: '1.2.3',
    log: silentLogger(),
    authenticate: (request) =>
      Promise.resolve(
        request.headers.get('authorization') === 'jupyterhub ada'
          ? { kind: 'user', name: 'ada', admin: false, groups: [], scopes: ScopeSet.of([gatewayAccessScope]) }
          : undefined,
      ),
  });
  const server = serve({
    fetch: new Hono().route('/services/dask-gateway', api).fetch,
    port: 0,
    hostname: '127.0.0.1',
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const script = new GatewayScript('options', `http://127.0.0.1:${(server.address() as AddressInfo).port}`, 'ada');
  const told = await script.next();
  await script.end();
  expect(told).toMatchObject({
    before: { image: 'plain', gpu: false, cores: 2, memory: 1, size: 'small', environment: { A: 'b' } },
    chosen: { image: 'plain', gpu: false, cores: 3, memory: 2, size: 'large', environment: { COLOUR: 'blue' } },
    refusals: [
      expect.stringContaining("Unknown fields ['unknown']. The options are: "),
      'cores must be an integer, got 2.0',
      'cores must be <= 4.000000, got 99',
      'memory must be finite, got nan',
      "'huge' is not a valid option for size",
      'This image is not allowed.\nChoose another one.',
    ],
    versions: { version: '1.2.3' },
  });
  const [cluster] = await clusters.list('ada', ['pending', 'running']);
  expect(cluster?.config).toMatchObject({
    workerCores: 3,
    workerMemory: 4 * 1024 ** 3,
    environment: { COLOUR: 'blue' },
  });
  server.close();
  await world.close();
});
