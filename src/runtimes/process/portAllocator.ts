import { createServer } from 'node:net';

/** A port that was handed out is not handed out again for this long, used or not. */
const restMs = 60_000;

/** Hands out free TCP ports of the loopback interface, none twice while it may be in use. */
export class PortAllocator {
  readonly #handedOut = new Map<number, number>();
  readonly #isTaken: (port: number) => boolean;

  /** @param isTaken whether a live workload has the port, listening or not. */
  constructor(isTaken: (port: number) => boolean) {
    this.#isTaken = isTaken;
  }

  /** A port on which nothing listens now. */
  async take(): Promise<number> {
    const now = Date.now();
    for (const [port, at] of this.#handedOut) if (now - at > restMs) this.#handedOut.delete(port);
    for (;;) {
      const port = await bindAndClose();
      if (this.#handedOut.has(port) || this.#isTaken(port)) continue;
      this.#handedOut.set(port, now);
      return port;
    }
  }
}

function bindAndClose(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port: 0, exclusive: true }, () => {
      const address = server.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
