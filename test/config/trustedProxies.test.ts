import { expect, test } from 'vitest';
import { load, settingsFrom, short } from './settingsFrom.ts';

test('proxies in front are named by address or network, under either name', async () => {
  const own = await settingsFrom("atoll: { edge: { trustedProxies: [10.0.0.1, 10.1.0.0/16, 'fd00::/8'] } }");
  expect(own.edge.trustedProxies).toEqual(['10.0.0.1', '10.1.0.0/16', 'fd00::/8']);
  const jupyterhub = await settingsFrom('hub: { config: { JupyterHub: { trusted_downstream_ips: [10.0.0.2] } } }');
  expect(jupyterhub.edge.trustedProxies).toEqual(['10.0.0.2']);
});

test.each(['10.0.0.1/33', 'fd00::/129', 'proxy.example', '10.0.0.1/', '10.0.0.1/8/8', ''])(
  '%j is no network',
  async (network) => {
    const { problems } = await load(`atoll: { edge: { trustedProxies: [${JSON.stringify(network)}] } }`);
    expect(problems.map(short)).toEqual([expect.stringMatching(/ATOLL_SETTINGS_VALUE .*trustedProxies\[0\]/)]);
  },
);
