import { parseArgs } from 'node:util';
import type { Figure } from '../report/figure.ts';
import type { SuiteMessage } from '../report/results.ts';
import { measureBurst } from './burst.ts';
import { measureCuts } from './cuts.ts';
import { measureDeploy } from './deploy.ts';
import { ScaledHub } from './scaledHub.ts';
import { measureWatched } from './watched.ts';

// Beside the Kubernetes that test/kubernetes/with-cluster has started. Each part goes to standard output in a line, as JSON.

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    pods: { type: 'string', default: '1000' },
    watched: { type: 'string', default: '5000' },
    spawns: { type: 'string', default: '500' },
    cuts: { type: 'string', default: '100' },
  },
});
const rounds = Number(values.rounds);
let hub: ScaledHub | undefined;
const scaledHub = async (): Promise<ScaledHub> => (hub ??= await ScaledHub.start(100));
const parts: Record<string, () => Promise<Figure[]>> = {
  deploy: () => measureDeploy(rounds),
  cuts: async () => measureCuts(await scaledHub(), Number(values.spawns), Number(values.cuts)),
  // What it makes stays, and goes with the control plane.
  burst: async () => measureBurst(await scaledHub(), Number(values.pods), rounds),
  watched: async () => measureWatched(await scaledHub(), Number(values.watched), rounds),
};
for (const name of positionals) {
  const figures = await parts[name]?.().catch((error: unknown) => {
    console.error(`${name}:`, error);
    say({ figures: [], failure: `${name}: ${String(error).split('\n', 1)[0]}` });
  });
  if (figures) say({ figures });
}
await hub?.end();

function say(message: SuiteMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
