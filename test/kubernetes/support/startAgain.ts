import { setTimeout as wait } from 'node:timers/promises';
import { AtollError } from '../../../src/core/errors.ts';
import type { KubeWorld } from './kubeWorld.ts';

/** Starts a worker, again and again until it is accepted, as a reconciler does. What will not pass by itself is thrown. */
export async function startAgain(world: KubeWorld, id: string, command: readonly string[]): Promise<void> {
  for (;;) {
    try {
      await world.start(command, { id });
      return;
    } catch (error) {
      if (error instanceof AtollError) throw error;
      await wait(50);
    }
  }
}
