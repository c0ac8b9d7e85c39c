import { parseArgs } from 'node:util';
import type { Figure } from '../report/figure.ts';
import { measureBurst } from './burst.ts';
import { measureCuts } from './cuts.ts';
import { ScaledHub } from './scaledHub.ts';
import { measureWatched } from './watched.ts';

// Beside the control plane that test/kubernetes/with-cluster has started. Figures go to standard output, as JSON.

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    pods: { type: 'string', default: '1000' },
    watched: { type: 'string', default: '5000' },
    spawns: { type: 'string', default: '500' },
    cuts: { type: 'string', default: '100' },
    only: { type: 'string' },
  },
});
const wants = (part: string): boolean => values.only === undefined || values.only === part;

const hub = await ScaledHub.start(100);
const figures: Figure[] = [];
if (wants('burst')) figures.push(...(await measureBurst(hub, Number(values.pods), Number(values.rounds))));
if (wants('cuts')) figures.push(...(await measureCuts(Number(values.spawns), Number(values.cuts))));
// Last: what it makes goes with the control plane.
if (wants('watched')) figures.push(...(await measureWatched(hub, Number(values.watched))));
await hub.end();
process.stdout.write(JSON.stringify(figures));
