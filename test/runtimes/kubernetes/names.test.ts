import { describe, expect, test } from 'vitest';
import { labelValue } from '../../../src/runtimes/kubernetes/slugs.ts';
import { fill, nameTemplates, templateFields } from '../../../src/runtimes/kubernetes/templates.ts';

/** User, server, and what KubeSpawner 7.1 makes of them: `{user_server}`, the older scheme's name, the label of the user. */
const peers: readonly [string, string, string, string, string][] = [
  ['ada', '', 'ada', 'ada', 'ada'],
  ['Ada', '', 'ada---99a563ab', '-41da', 'Ada'],
  ['ada', 'lab', 'ada--lab', 'ada--lab', 'ada'],
  ['ada@example.org', '', 'ada-example-org---cfe00dde', 'ada-40example-2eorg', 'ada-example-org---cfe00dde'],
  ['ada--lab', '', 'ada-lab---c49f50d0', 'ada-2d-2dlab', 'ada-lab---c49f50d0'],
  ['1ada', '', 'x-1ada---ba26231b', '1ada', '1ada'],
  ['üser', '', 'ser---73506260', '-c3-bcser', 'ser---73506260'],
  [
    'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    '',
    'aaaaaaaaaaaaaaaaa--x---37a5e7c7',
    'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    'aaaaaaaaaaaaaaaaaaaaa---6bd5e503',
  ],
  [
    'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',
    'aaaaaaaaaaaaaaaaa--bbbbbbbbbbbbbbbbb---3e095efa',
    'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa--bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',
    'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
  ],
  ['ada', 'My Server', 'ada--my-server---c2d9a82f', 'ada---4dy-20-53erver', 'ada'],
  ['a-b', 'c', 'a-b--c', 'a-2db--c', 'a-b'],
  ['x_y.z', 't', 'x-y-z---e28dc560--t', 'x-5fy-2ez--t', 'x_y.z'],
  ['-ada-', '', 'ada---c1ab5a23', '-2dada-2d', 'ada---c1ab5a23'],
  ['用户', '', 'x---0d0e1a86', '-e7-94-a8-e6-88-b7', 'x---0d0e1a86'],
  [
    'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    '',
    'aaaaaaaaaaaaaaaaa--x---b191b19d',
    'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
  ],
  ['ada', '2', 'ada--x-2---d4735e3a', 'ada--2', 'ada'],
];

describe('names of pods and volume claims', () => {
  test.each(peers)('%j and %j are called as KubeSpawner calls them', (username, servername, safe, escaped, label) => {
    const identity = { username, servername, userId: 5, namespace: 'hub' };
    expect(fill('{user_server}', templateFields(identity, 'safe'))).toBe(safe);
    expect(fill('{username}--{servername}', templateFields(identity, 'escape'))).toBe(escaped);
    expect(labelValue(username)).toBe(label);
  });

  test('two people never share a claim: a user with a dash, and a server of another user (CVE-2020-15110)', () => {
    const claimOf = (username: string, servername: string): string =>
      fill(nameTemplates.safe.claim, templateFields({ username, servername, userId: 1, namespace: 'hub' }, 'safe'));
    const names = [claimOf('a', 'b'), claimOf('a-b', ''), claimOf('a--b', ''), claimOf('A', 'b'), claimOf('a', 'B')];
    expect(new Set(names).size).toBe(names.length);
  });

  test('unknown fields and doubled braces reach the pod as KubeSpawner and kubelet would have them', () => {
    const fields = templateFields({ username: 'Ada', servername: '', userId: 5, namespace: 'default' }, 'safe');
    expect(fill('gs://bucket/{unescaped_username}/$(NAME)/{other}', fields)).toBe('gs://bucket/Ada/$(NAME)/{other}');
    expect(fill('{{JUPYTER_IMAGE_SPEC}}', fields)).toBe('{JUPYTER_IMAGE_SPEC}');
    expect(fill('{hubnamespace}-{userid}', fields)).toBe('user-5');
  });
});
