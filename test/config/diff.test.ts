import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Change, diffSettings } from '../../src/config/diffSettings.ts';
import { loadSettings } from '../../src/config/loadSettings.ts';
import { needsRestart } from '../../src/config/needsRestart.ts';
import type { RuntimeKind } from '../../src/config/settings.ts';

async function diff(before: string, after: string, runtime?: RuntimeKind): Promise<Change[]> {
  const options = runtime ? { runtime } : {};
  return diffSettings(
    await loadSettings([{ name: 'old.yaml', text: before }], options),
    await loadSettings([{ name: 'new.yaml', text: after }], options),
  );
}

describe('diff', () => {
  test('says what is different, where, and when it counts', async () => {
    expect(await diff('singleuser: {memory: {limit: 1G}}', 'singleuser:\n  memory: {limit: 2G}\n')).toEqual([
      {
        path: 'jupyterhub.singleuser.memory.limit',
        before: '1G',
        after: '2G',
        setAt: 'new.yaml:2:12',
        doc: 'The most that a server may use; 0: no limit.',
        counts: 'next server start',
      },
    ]);
  });

  test.each<[string, string, string, RuntimeKind, string]>([
    [
      'a key that goes',
      'singleuser: {defaultUrl: /lab}',
      '{}',
      'process',
      'jupyterhub.singleuser.defaultUrl "/lab" -> nothing: next server start',
    ],
    [
      'a key that comes',
      '{}',
      'cull: {enabled: false}\natoll: {clusters: {maxWorkers: 3}}',
      'process',
      'atoll.clusters.maxWorkers nothing -> 3: next cluster',
    ],
    [
      'one variable of many',
      'singleuser: {nodeSelector: {a: x, b: w}}',
      'singleuser: {nodeSelector: {a: x, b: z}}',
      'kubernetes',
      'jupyterhub.singleuser.nodeSelector.b "w" -> "z": next server start',
    ],
    [
      'the same without effect',
      'singleuser: {uid: 1}',
      'singleuser: {uid: 2}',
      'process',
      'jupyterhub.singleuser.uid 1 -> 2: never',
    ],
    [
      'the same with effect',
      'singleuser: {uid: 1}',
      'singleuser: {uid: 2}',
      'kubernetes',
      'jupyterhub.singleuser.uid 1 -> 2: next server start',
    ],
    [
      'who may come in',
      'hub: {config: {Authenticator: {admin_users: [a]}}}',
      'hub: {config: {Authenticator: {admin_users: [a, b]}}}',
      'process',
      'jupyterhub.hub.config.Authenticator.admin_users ["a"] -> ["a","b"]: restart of the hub',
    ],
    [
      'a service',
      '{}',
      'hub: {services: {a: {apiToken: abcdefgh}}}',
      'process',
      'jupyterhub.hub.services nothing -> {"a":{"apiToken":"***"}}: restart of the hub',
    ],
    [
      'the address of the hub',
      'hub: {baseUrl: /a/}',
      'hub: {baseUrl: /b/}',
      'process',
      'jupyterhub.hub.baseUrl "/a/" -> "/b/": restart of the hub',
    ],
    [
      'a role',
      '{}',
      'hub: {loadRoles: {a1: {users: [ada]}}}',
      'process',
      'jupyterhub.hub.loadRoles nothing -> {"a1":{"users":["ada"]}}: at once',
    ],
    [
      "the hub's own pod",
      'hub: {resources: {limits: {memory: 1Gi}}}',
      'hub: {resources: {limits: {memory: 2Gi}}}',
      'kubernetes',
      'jupyterhub.hub.resources.limits.memory "1Gi" -> "2Gi": restart of the hub',
    ],
    [
      'a default that is changed',
      '{}',
      'singleuser: {startTimeout: 9}',
      'process',
      'jupyterhub.singleuser.startTimeout 300 -> 9: next server start',
    ],
  ])('%s', async (_, before, after, runtime, expected) => {
    const changes = await diff(before, after, runtime);
    const show = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value));
    expect(
      changes.map((change) => `${change.path} ${show(change.before)} -> ${show(change.after)}: ${change.counts}`),
    ).toContain(expected);
  });

  test('says that the hub starts anew when it does so, and only then, whatever the files', async () => {
    const folder = join(import.meta.dirname, 'values');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.yaml'));
    let before = await loadSettings([]);
    const restarts = new Set<boolean>();
    for (const name of files) {
      const after = await loadSettings([{ name, text: readFileSync(join(folder, name), 'utf8') }]);
      const told = diffSettings(before, after).some(({ counts }) => counts === 'restart of the hub');
      expect({ name, told }).toEqual({ name, told: needsRestart(before.settings, after.settings).length > 0 });
      restarts.add(told);
      before = after;
    }
    expect(restarts.size).toBe(2);
  });

  test.each([
    [
      'the same in another layout',
      'jupyterhub: {singleuser: {defaultUrl: /lab}}',
      'basehub: {jupyterhub: {singleuser: {defaultUrl: /lab}}}',
    ],
    ['another order', 'singleuser: {cmd: x, defaultUrl: /lab}', 'singleuser: {defaultUrl: /lab, cmd: x}'],
    ['a default that is written', '{}', 'singleuser: {startTimeout: 300, uid: 1000, storage: {type: dynamic}}'],
    ['a null', 'hub: {allowNamedServers: null}', '{}'],
    ['an alias', 'singleuser: {extraEnv: &a {X: y}}', 'singleuser: {extraEnv: {X: y}}'],
  ])('%s is no change', async (_, before, after) => expect(await diff(before, after)).toEqual([]));

  test('a secret that changes is told, but not shown', async () => {
    const of = (secret: string): string =>
      `hub: {services: {a: {apiToken: ${secret}}}}\nsingleuser: {extraEnv: {A: ${secret}}}\nproxy: {secretToken: ${secret}}`;
    const changes = await diff(of('Sup3r-s3cret-one'), of('Sup3r-s3cret-two'));
    expect(changes.map(({ path, before, after }) => [path, before, after])).toEqual([
      ['jupyterhub.singleuser.extraEnv.A', '***', '***'],
      ['jupyterhub.hub.services.a.apiToken', '***', '***'],
      ['jupyterhub.proxy.secretToken', '***', '***'],
    ]);
  });
});
