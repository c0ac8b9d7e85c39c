import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { HubUnderTest } from '../support/serverStart.ts';

/**
 * Starts the servers of some users, all at once; resolves when every server is ready. A refusal or an error ends the bench.
 * @param pollMs how long each waits between two looks
 */
export async function startServers({ url, token }: HubUnderTest, users: readonly number[], pollMs: number) {
  const dispatcher = new Agent({ connections: users.length, headersTimeout: 600_000 });
  const headers = { authorization: `token ${token}` };
  const health = fork(join(import.meta.dirname, 'watchHealth.ts'), [url]);
  await once(health, 'message');
  const startedAt = performance.now();
  const startOne = async (user: number): Promise<void> => {
    const path = `${url}/hub/api/users/user-${user}`;
    const { statusCode, body } = await request(`${path}/server`, { method: 'POST', headers, dispatcher });
    const text = await body.text();
    if (statusCode !== 201 && statusCode !== 202) throw new Error(`a start: ${statusCode} ${text}`);
    let ready = statusCode === 201;
    while (!ready) {
      const answer = await request(path, { headers, dispatcher });
      const { servers } = (await answer.body.json()) as { servers: Record<string, { ready: boolean }> };
      ready = servers['']?.ready === true;
      if (!ready) await wait(pollMs);
    }
  };
  try {
    await Promise.all(users.map(startOne));
    const seconds = (performance.now() - startedAt) / 1000;
    health.send('over');
    const [slowestHealth] = (await once(health, 'message')) as [number];
    return { seconds, slowestHealth };
  } finally {
    health.kill();
    await dispatcher.close();
  }
}
