import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readProcess } from '../../src/runtimes/process/proc.ts';
import { adminSettings, adminToken } from '../support/adminService.ts';
import { Atoll } from '../support/atoll.ts';
import { signIn } from '../support/signIn.ts';
import { until } from '../support/until.ts';

let atoll: Atoll;
beforeAll(async () => {
  atoll = await Atoll.start({ settings: adminSettings });
});
afterAll(() => atoll?.end());

/** What the files that match say, of folders below one of the runtime's. */
function recordsIn(folder: string, file: RegExp): { owner?: string; pid?: number }[] {
  const path = join(atoll.data, 'process', folder);
  return readdirSync(path).flatMap((name) =>
    readdirSync(join(path, name))
      .filter((candidate) => file.test(candidate))
      .map((candidate) => readFileSync(join(path, name, candidate), 'utf8'))
      .filter((text) => text !== '')
      .map((text) => JSON.parse(text) as { owner?: string; pid?: number }),
  );
}

const forkServerOf = (owner: string): number | undefined =>
  recordsIn('fork-servers', /^server\.json$/).find((record) => record.owner === owner)?.pid;

// The first of them gets the spare fork server, the second, right after, one of their own.
test.each(['ada', 'grace'])('after the first sign-in of %s, the first start is one of a fork server', async (user) => {
  const browser = await signIn(atoll, user);
  const forkServer = await until('a fork server', () => forkServerOf(user));
  await browser.request('/hub/spawn');
  await until('the server', async () => (await browser.request(`/user/${user}/api`)).status === 200);
  const parents = recordsIn('workloads', /^process\.[0-9a-f]+\.json$/).map(({ pid = 0 }) => readProcess(pid)?.parent);
  expect(parents).toContain(forkServer);

  // JupyterLab worked out this folder when the fork server imported it, which was perhaps before it was anybody's.
  const saved = await fetch(`${atoll.url}/user/${user}/lab/api/workspaces/mine`, {
    method: 'PUT',
    headers: { authorization: `token ${adminToken}` },
    body: JSON.stringify({ data: {}, metadata: { id: 'mine' } }),
  });
  expect(saved.status).toBe(204);
  expect(readdirSync(join(atoll.data, 'homes', user, '.jupyter/lab/workspaces')).join()).toContain('mine');
});
