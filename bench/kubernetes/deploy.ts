import { DeployWorld } from '../../test/kubernetes/support/deployWorld.ts';
import type { Figure } from '../report/figure.ts';
import { deployed } from './cases.ts';

/** Seconds from `atoll deploy` of a real values file until all is healthy, each time in a new namespace of a real node. */
export async function measureDeploy(rounds: number): Promise<Figure[]> {
  const ours: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    // Atoll's image is on the node then.
    const world = await DeployWorld.open();
    try {
      const begun = performance.now();
      const { code, output } = await world.deployRealFile();
      if (code !== 0) throw new Error(`atoll deploy ended with ${code}: ${output}`);
      ours.push((performance.now() - begun) / 1000);
    } finally {
      await world.close();
    }
  }
  return [{ ...deployed, ours }];
}
