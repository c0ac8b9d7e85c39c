import type { Wire } from './wire.ts';
import { writeAtTurnEnd, writeWaiting } from './writeAtTurnEnd.ts';

/** What a {@link splice} tells. */
export interface SpliceWatch {
  /** Bytes came from the client. */
  onClientData: () => void;
  /** Both connections are closed. Called once. */
  onClosed: () => void;
}

/** Up to this size, copying a message costs less than a new buffer for the next one. */
const smallMessage = 2048;

/** Milliseconds without a byte after which a connection is closed when one side has already said goodbye. */
const halfClosedIdleMs = 60_000;

/**
 * Copies bytes both ways between two connections until both are closed: with back-pressure, a FIN passed on as a FIN,
 * and an error on one side destroying the other. Nobody else may listen on them. No time limit while both sides are open.
 */
export function splice(client: Wire, upstream: Wire, watch: SpliceWatch): void {
  let open = 2;
  let timer: NodeJS.Timeout | undefined;

  const copy = (source: Wire, target: Wire, onData: (() => void) | undefined): void => {
    const from = source.socket;
    const to = target.socket;
    source.receive = (chunk) => {
      if (onData !== undefined) onData();
      if (timer !== undefined) timer.refresh();
      if (chunk.length <= smallMessage) {
        writeAtTurnEnd(from, to, Buffer.from(chunk));
        return false;
      }
      writeWaiting();
      if (!to.write(chunk)) from.pause();
      return to.writableLength > 0;
    };
    to.on('drain', () => from.resume());
    from.on('end', () => {
      writeWaiting();
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
    client.socket.destroy();
    upstream.socket.destroy();
  }

  copy(client, upstream, watch.onClientData);
  copy(upstream, client, undefined);
}
