import { constants, setPriority } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { Agent, request } from 'undici';

// In a process of its own: asks for `GET /health` again and again until it is told that it is over, and says how long the
// slowest answer took, in milliseconds. Before everything else on the machine, where that may be, so that what it sees is the
// hub's time, and not its own wait for a processor beside those who load the hub.
//
//   node watchHealth.ts URL

try {
  setPriority(constants.priority.PRIORITY_HIGHEST);
} catch {
  // Not everybody may.
}
const [url = ''] = process.argv.slice(2);
const dispatcher = new Agent({ connections: 1 });

async function ask(): Promise<number> {
  const startedAt = performance.now();
  const { body } = await request(`${url}/hub/health`, { dispatcher });
  await body.dump();
  return performance.now() - startedAt;
}

const over = new AbortController();
process.once('message', () => over.abort());
await ask();
process.send?.('begun');
let slowest = 0;
while (!over.signal.aborted) {
  slowest = Math.max(slowest, await ask());
  await wait(10);
}
process.send?.(slowest);
process.disconnect();
await dispatcher.close();
