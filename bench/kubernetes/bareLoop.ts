import { Pool } from 'undici';
import { kubeconfigAccess } from '../../src/kubernetes/kubeconfigAccess.ts';
import { until } from '../../test/support/until.ts';
import { benchWorker } from './benchWorker.ts';

/** As many requests at a time as the hub has under way for workers. */
const together = 16;

/**
 * The fastest way to make so many worker pods: requests with the same bodies, prepared before, from a few connections, whose
 * answers nobody reads. Returns the seconds.
 */
export async function bareLoop(namespace: string, pods: number): Promise<number> {
  const { server, certificateAuthority, authorization } = kubeconfigAccess();
  const pool = new Pool(server, { connections: together, connect: { ca: certificateAuthority } });
  const headers = { authorization: (await authorization()) ?? '', 'content-type': 'application/json' };
  const path = `/api/v1/namespaces/${namespace}`;
  await until('the namespace has its account', async () => {
    const { statusCode, body } = await pool.request({
      method: 'GET',
      path: `${path}/serviceaccounts/default`,
      headers,
    });
    await body.dump();
    return statusCode === 200;
  });
  const bodies = Array.from({ length: pods }, (_, index) => JSON.stringify(benchWorker(namespace, index)));
  const begun = performance.now();
  const post = async (): Promise<void> => {
    for (let text = bodies.pop(); text !== undefined; text = bodies.pop()) {
      const { statusCode, body } = await pool.request({ method: 'POST', path: `${path}/pods`, headers, body: text });
      if (statusCode !== 201) throw new Error(`a pod was answered with ${statusCode}: ${await body.text()}`);
      await body.dump();
    }
  };
  await Promise.all(Array.from({ length: together }, post));
  const seconds = (performance.now() - begun) / 1000;
  await pool.close();
  return seconds;
}
