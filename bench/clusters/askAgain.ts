import { Agent, get } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';

/** In a thread of its own: asks for a list again and again over some connections, and says how often it came whole a second. */
const { url, authorization, seconds, connections, count } = workerData as {
  url: string;
  authorization: string;
  seconds: number;
  connections: number;
  count: number;
};
const agent = new Agent({ keepAlive: true, maxSockets: connections });
let answers = 0;

function ask(check: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    get(url, { agent, headers: { authorization } }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.once('end', () => {
        if (response.statusCode !== 200) return reject(new Error(`status ${response.statusCode}`));
        const found = check ? Object.keys(JSON.parse(Buffer.concat(parts).toString()) as object).length : count;
        if (found !== count) return reject(new Error(`${found} clusters`));
        answers += 1;
        resolve();
      });
      response.once('error', reject);
    }).once('error', reject);
  });
}

await ask(true);
answers = 0;
const start = performance.now();
const end = start + seconds * 1000;
await Promise.all(
  Array.from({ length: connections }, async () => {
    while (performance.now() < end) await ask(false);
  }),
);
agent.destroy();
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- it is a thread, not a window
parentPort?.postMessage(answers / ((performance.now() - start) / 1000));
