import { unlinkSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { AtollError, systemCodeOf } from '../core/errors.ts';

/**
 * Holds a data folder for this process, by listening on a socket in it: the hold ends with the process, however it ends.
 * @throws AtollError `ATOLL_ALREADY_RUNNING`.
 */
export async function holdDataFolder(lockSocket: string, dataFolder: string): Promise<Server> {
  try {
    return await listenOn(lockSocket);
  } catch (error) {
    if (systemCodeOf(error) !== 'EADDRINUSE') throw error;
  }
  if (await answers(lockSocket))
    throw new AtollError('ATOLL_ALREADY_RUNNING', 'Another Atoll runs on this data folder.', { evidence: dataFolder });
  unlinkSync(lockSocket);
  return listenOn(lockSocket);
}

function listenOn(path: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', reject);
    server.listen(path, () => resolve(server));
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
