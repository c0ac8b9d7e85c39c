import type { Socket } from 'node:net';

/** What a {@link splice} tells. */
export interface SpliceWatch {
  /** Bytes came from the client. */
  onClientData: () => void;
  /** Both connections are closed. Called once. */
  onClosed: () => void;
}

/** Milliseconds without a byte after which a connection is closed when one side has already said goodbye. */
const halfClosedIdleMs = 60_000;

/**
 * Copies bytes both ways between two sockets until both are closed: with back-pressure, a FIN passed on as a FIN, and
 * an error on one side destroying the other. Neither socket may have other listeners. No time limit while both sides are open.
 */
export function splice(client: Socket, upstream: Socket, watch: SpliceWatch): void {
  let open = 2;
  let timer: NodeJS.Timeout | undefined;

  const copy = (from: Socket, to: Socket, onData: (() => void) | undefined): void => {
    from.on('data', (chunk: Buffer) => {
      if (!to.write(chunk)) from.pause();
      if (onData !== undefined) onData();
      if (timer !== undefined) timer.refresh();
    });
    to.on('drain', () => from.resume());
    from.on('end', () => {
      to.end();
      timer ??= setTimeout(destroyBoth, halfClosedIdleMs);
    });
    from.on('error', destroyBoth);
    from.on('close', () => {
      // After a FIN from both sides there is nothing left to copy; otherwise this side broke.
      if (!from.readableEnded || !to.writableEnded) to.destroy();
      if (--open > 0) return;
      clearTimeout(timer);
      watch.onClosed();
    });
    from.resume();
  };

  function destroyBoth(): void {
    client.destroy();
    upstream.destroy();
  }

  copy(client, upstream, watch.onClientData);
  copy(upstream, client, undefined);
}
