import { request } from 'node:http';

// Sends or fetches a large body several times over, and prints megabytes a second.
//
//   node transfer.ts up|down PORT PATH BYTES TIMES

const [direction, port, path, bytes, times] = process.argv.slice(2);
const block = Buffer.alloc(256 * 1024, 'x');
const startedAt = performance.now();
for (let time = 0; time < Number(times); time++) await transfer();
console.log((Number(bytes) * Number(times)) / 1e6 / ((performance.now() - startedAt) / 1000));

function transfer(): Promise<void> {
  return new Promise((resolve, reject) => {
    const method = direction === 'up' ? 'PUT' : 'GET';
    const headers = direction === 'up' ? { 'content-length': bytes } : {};
    const sent = request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
      let received = 0;
      response.on('data', (chunk: Buffer) => (received += chunk.length));
      response.once('end', () => {
        const whole = direction === 'up' || received === Number(bytes);
        if (response.statusCode === 200 && whole) resolve();
        else reject(new Error(`status ${response.statusCode}, ${received} bytes`));
      });
    });
    sent.once('error', reject);
    if (direction === 'up') send(0);
    else sent.end();

    function send(from: number): void {
      let at = from;
      while (at < Number(bytes)) {
        const part = block.subarray(0, Math.min(block.length, Number(bytes) - at));
        at += part.length;
        if (!sent.write(part)) {
          sent.once('drain', () => send(at));
          return;
        }
      }
      sent.end();
    }
  });
}
