import { open } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { z } from 'zod';

const answerSchema = z.object({
  pid: z.number().optional(),
  ready: z.boolean().optional(),
  error: z.string().optional(),
});
/** What a fork server answers: that it forked, whether it has all its modules, or why a plain start is needed. */
export type Answer = z.infer<typeof answerSchema>;

/**
 * Connects to the socket `s` in a folder, or resolves undefined when nobody listens there. The way through /proc/self/fd
 * keeps the address short: a Unix socket's may have 107 bytes, a data folder's path may have more.
 */
export async function connectIn(folder: string): Promise<Socket | undefined> {
  let handle;
  try {
    handle = await open(folder, 'r');
  } catch {
    return undefined;
  }
  try {
    const path = `/proc/self/fd/${handle.fd}/s`;
    return await new Promise((resolve) => {
      const socket = connect({ path });
      socket.once('connect', () => resolve(socket));
      socket.once('error', () => resolve(undefined));
    });
  } finally {
    await handle.close();
  }
}

/** Sends one request and reads its answer. Rejects when there is none in time, or none that can be understood. */
export function exchange(socket: Socket, message: object, timeoutMs: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => settle(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      if (text.length > 65_536) settle(new Error('too long an answer'));
    });
    socket.on('error', (error) => settle(error));
    socket.on('close', () => settle(undefined));
    socket.write(`${JSON.stringify(message)}\n`);

    function settle(error: Error | undefined): void {
      clearTimeout(timer);
      socket.destroy();
      if (error) return reject(error);
      try {
        resolve(answerSchema.parse(JSON.parse(text)));
      } catch {
        reject(new Error('no answer'));
      }
    }
  });
}
