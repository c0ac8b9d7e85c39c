import type { Socket } from 'node:net';

/** What can happen on a socket. */
export interface SocketHandlers {
  connect?: () => void;
  end?: () => void;
  drain?: () => void;
  error?: (error: Error) => void;
  close?: () => void;
}

/** Adds listeners to a socket; returns a function that removes exactly these. */
export function listen(socket: Socket, handlers: SocketHandlers): () => void {
  const entries = Object.entries(handlers) as [string, (...values: unknown[]) => void][];
  for (const [event, handler] of entries) socket.on(event, handler);
  return () => {
    for (const [event, handler] of entries) socket.off(event, handler);
  };
}
