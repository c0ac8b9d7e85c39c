import { setTimeout as wait } from 'node:timers/promises';
import type { Edge } from './edge.ts';

const lookMs = 1000;

/** Resolves when nobody uses an edge any more, or after some seconds. It goes on meanwhile, with new connections too. */
export async function drain(edge: Pick<Edge, 'stats'>, seconds: number): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (Date.now() < deadline) {
    const { tunnels, exchanges } = edge.stats();
    if (tunnels + exchanges === 0) return;
    await wait(Math.min(lookMs, deadline - Date.now()));
  }
}
